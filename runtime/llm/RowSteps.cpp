// Runs `prefill`, `decode` and `score` over states in place (docs/decisions/0004); see RowSteps.h.
#include "runtime/llm/RowSteps.h"

#include <algorithm>

namespace tensel::text {
namespace {

Error sessionError(const tensel_session *session) { return Error{tensel_session_message(session)}; }

const char *symbolName(const tensel_model *model, int32_t symbol) {
  tensel_symbol_info info = {};
  return tensel_model_symbol(model, symbol, &info) == TENSEL_OK ? info.name : "";
}

using Query = tensel_status_t (*)(const tensel_model *, int32_t, int32_t, tensel_tensor_info *);

tensel_tensor_info infoOf(Query query, const tensel_model *model, int32_t function, int32_t index) {
  tensel_tensor_info info = {"", TENSEL_F32, 0, nullptr, nullptr, -1};
  (void)query(model, function, index, &info);
  return info;
}

} // namespace

int64_t RowSteps::mostRows(const LanguageModel &model) {
  const tensel_model *handle = model.handle();
  for (int32_t i = 0; i < tensel_model_symbol_count(handle); ++i) {
    tensel_symbol_info symbol = {};
    if (tensel_model_symbol(handle, i, &symbol) == TENSEL_OK && std::string_view(symbol.name) == "batch")
      return symbol.max < 0 ? INT32_MAX : symbol.max;
  }
  return 1;
}

Result<RowSteps> RowSteps::create(const LanguageModel &model, const ContextOptions &wanted, int64_t rows) {
  ContextOptions options = wanted;
  options.capacity = std::clamp<int64_t>(options.capacity, 1, model.longestContext());
  options.chunk = std::clamp<int64_t>(options.chunk, 1, options.capacity);
  RowSteps steps(model, options);
  if (model.hasEncoder()) {
    auto sources = SourceTexts::create(model, options.source, rows, options.threads, options.events);
    if (!sources)
      return sources.takeError();
    steps.options.source = sources->limit();
    steps.sources = std::move(*sources);
  }
  if (auto error = steps.findStates(rows))
    return std::move(*error);
  if (auto error = steps.open(steps.decode, "decode", rows, 1))
    return std::move(*error);
  if (auto error = steps.open(steps.prefill, "prefill", 1, options.chunk))
    return std::move(*error);
  if (options.scores)
    if (auto error = steps.open(steps.scoring, "score", 1, options.chunk))
      return std::move(*error);
  steps.ids.resize(static_cast<size_t>(std::max(options.chunk, rows)));
  return steps;
}

/// The states of `decode`, zero as before the first token.
std::optional<Error> RowSteps::findStates(int64_t rows) {
  const tensel_model *handle = model->handle();
  const int32_t function = tensel_model_find_function(handle, "decode");
  if (function < 0)
    return Error{"the model has no function 'decode', expected one that writes text"};
  for (int32_t i = 0; i < tensel_model_input_count(handle, function); ++i) {
    const tensel_tensor_info input = infoOf(tensel_model_input, handle, function, i);
    const std::string_view name = input.name;
    if (name == "tokens" || name == "past" || (sources && SourceTexts::isInput(name)))
      continue;
    State state;
    state.name = name;
    state.type = input.type;
    size_t rowBytes = tensel_elem_type_size(input.type);
    bool isRows = input.state >= 0 && input.rank > 0;
    for (int32_t d = 0; d < input.rank; ++d) {
      const std::string_view symbol = input.dims[d] < 0 ? symbolName(handle, input.symbols[d]) : "";
      isRows &= d == 0 ? symbol == "batch" : input.dims[d] >= 0 || symbol == "context";
      state.isPositional |= symbol == "context";
      state.dims.push_back(d == 0 ? rows : input.dims[d] >= 0 ? input.dims[d] : options.capacity);
      if (d != 0 && __builtin_mul_overflow(rowBytes, static_cast<size_t>(state.dims.back()), &rowBytes))
        return Error{"the state '" + state.name + "' does not fit the memory"};
    }
    if (!isRows)
      return Error{"the model's input '" + state.name + "' is of a kind that writing text cannot give (an encoder's result?)"};
    auto memory = RowMemory::create(rows, rowBytes);
    if (!memory)
      return Error{"no memory for the state '" + state.name + "'"};
    state.memory = std::move(*memory);
    states.push_back(std::move(state));
  }
  return std::nullopt;
}

std::vector<OpenSession> RowSteps::sessions() const {
  std::vector<OpenSession> open;
  auto add = [&](const char *name, const tensel_session *session) {
    if (session)
      open.push_back({tensel_model_find_function(model->handle(), name), session});
  };
  if (sources)
    add("encode", sources->openSession());
  add("prefill", prefill.session.get());
  add("decode", decode.session.get());
  add("score", scoring.session.get());
  return open;
}

std::optional<Error> RowSteps::open(Step &step, const char *functionName, int64_t rows, int64_t length) {
  const tensel_model *handle = model->handle();
  const int32_t function = tensel_model_find_function(handle, functionName);
  if (function < 0)
    return Error{std::string("the model has no function '") + functionName + "', expected one that writes text"};
  std::vector<tensel_symbol_limit> limits;
  for (int32_t i = 0; i < tensel_model_symbol_count(handle); ++i) {
    const char *name = symbolName(handle, i);
    const std::string_view symbol = name;
    limits.push_back({name, symbol == "context"             ? options.capacity
                            : symbol == "length"            ? length
                            : symbol == "batch"             ? rows
                            : symbol == "source" && sources ? options.source
                                                            : 1});
  }
  auto session = startSession(handle, function, limits, options.threads, options.events);
  if (!session)
    return session.takeError();
  step.session = std::move(*session);
  step.states.assign(states.size(), -1);
  for (int32_t i = 0; i < tensel_model_input_count(handle, function); ++i) {
    const tensel_tensor_info input = infoOf(tensel_model_input, handle, function, i);
    step.hasLast |= std::string_view(input.name) == "last";
    for (size_t s = 0; s < states.size(); ++s)
      if (input.state >= 0 && input.name == states[s].name)
        step.states[s] = i;
  }
  for (int32_t i = 0; i < tensel_model_output_count(handle, function); ++i)
    if (std::string_view(infoOf(tensel_model_output, handle, function, i).name) == "logits")
      step.logits = i;
  if (step.logits < 0 || std::count(step.states.begin(), step.states.end(), -1) != 0)
    return Error{std::string("function '") + functionName + "' does not give 'logits' and each state's next value"};
  return std::nullopt;
}

/// `tokens` are those of `past.size()` rows from `row` on, as many for each.
Result<std::span<const float>> RowSteps::run(Step &step, int64_t row, std::span<const TokenId> tokens,
                                             std::span<const int64_t> past) {
  tensel_session *session = step.session.get();
  std::copy(tokens.begin(), tokens.end(), ids.begin());
  const auto rows = static_cast<int64_t>(past.size());
  const int64_t dims[] = {rows, static_cast<int64_t>(tokens.size()) / rows}, last = dims[1] - 1;
  bool isSet = tensel_session_set_input_named(session, "tokens", ids.data(), TENSEL_I64, dims, 2) == TENSEL_OK &&
               tensel_session_set_input_named(session, "past", past.data(), TENSEL_I64, &rows, 1) == TENSEL_OK;
  if (isSet && step.hasLast) // prefill, which runs on one row
    isSet = tensel_session_set_input_named(session, "last", &last, TENSEL_I64, &rows, 1) == TENSEL_OK;
  if (isSet && sources)
    if (auto error = sources->setInputs(session, row, rows))
      return std::move(*error);
  for (size_t s = 0; s < states.size() && isSet; ++s) {
    State &state = states[s];
    state.dims[0] = rows;
    isSet = tensel_session_set_state(session, step.states[s], state.memory.row(row), state.type, state.dims.data(),
                                     static_cast<int32_t>(state.dims.size())) == TENSEL_OK;
  }
  const void *data = nullptr;
  const int64_t *shape = nullptr;
  int32_t rank = 0;
  if (!isSet || tensel_session_run(session) != TENSEL_OK ||
      tensel_session_output(session, step.logits, &data, &shape, &rank) != TENSEL_OK)
    return sessionError(session);
  size_t count = 1;
  for (int32_t d = 0; d < rank; ++d)
    count *= static_cast<size_t>(shape[d]);
  return std::span(static_cast<const float *>(data), count);
}

Result<std::span<const float>> RowSteps::read(int64_t row, std::span<const TokenId> tokens, int64_t past) {
  return run(tokens.size() == 1 ? decode : prefill, row, tokens, std::span(&past, 1));
}

Result<std::span<const float>> RowSteps::readEach(std::span<const TokenId> tokens, std::span<const int64_t> past) {
  return run(decode, 0, tokens, past);
}

Result<std::span<const float>> RowSteps::score(int64_t row, std::span<const TokenId> tokens, int64_t past) {
  if (!scoring.session)
    if (auto error = open(scoring, "score", 1, options.chunk))
      return std::move(*error);
  return run(scoring, row, tokens, std::span(&past, 1));
}

void RowSteps::clear(int64_t row) {
  for (State &state : states)
    if (!state.isPositional) // of the others nothing counts that lies behind the last token
      state.memory.clear(row);
}

void RowSteps::copy(int64_t from, int64_t to) {
  for (State &state : states)
    state.memory.copy(from, to);
  if (sources)
    sources->copy(from, to);
}

void ContextMemory::add(const tensel_session *session) {
  const int64_t arena = tensel_session_arena_bytes(session);
  arenaBytes += arena;
  tableBytes += tensel_session_memory_bytes(session) - arena;
}

ContextMemory RowSteps::memory() const {
  ContextMemory memory;
  for (const OpenSession &open : sessions())
    memory.add(open.session);
  for (const State &state : states)
    memory.stateBytes += static_cast<int64_t>(state.memory.bytes());
  if (sources)
    memory.stateBytes += sources->bytes();
  return memory;
}

bool RowSteps::isPositional() const {
  return std::all_of(states.begin(), states.end(), [](const State &state) { return state.isPositional; });
}

} // namespace tensel::text
