// Runs `prefill` and `decode` over explicit state (docs/decisions/0004); see TextContext.h.
#include "runtime/llm/TextContext.h"

#include <algorithm>
#include <cstring>

namespace tensel::text {
namespace {

Error sessionError(const tensel_session *session) { return Error{tensel_session_message(session)}; }

const char *symbolName(const tensel_model *model, int32_t symbol) {
  tensel_symbol_info info = {};
  return tensel_model_symbol(model, symbol, &info) == TENSEL_OK ? info.name : "";
}

using Query = tensel_status_t (*)(const tensel_model *, int32_t, int32_t, tensel_tensor_info *);

tensel_tensor_info infoOf(Query query, const tensel_model *model, int32_t function, int32_t index) {
  tensel_tensor_info info = {"", TENSEL_F32, 0, nullptr, nullptr};
  (void)query(model, function, index, &info);
  return info;
}

} // namespace

Result<TextContext> TextContext::create(const LanguageModel &model, const ContextOptions &wanted) {
  ContextOptions options = wanted;
  options.capacity = std::clamp<int64_t>(options.capacity, 1, model.longestContext());
  options.chunk = std::clamp<int64_t>(options.chunk, 1, options.capacity);
  TextContext context(model, options);
  const int32_t function = tensel_model_find_function(model.handle(), "decode");
  if (function < 0)
    return Error{"the model has no function 'decode', expected one that writes text"};
  if (auto error = context.findStates(function))
    return std::move(*error);
  if (auto error = context.open(context.decode, "decode", 1))
    return std::move(*error);
  if (auto error = context.open(context.prefill, "prefill", options.chunk))
    return std::move(*error);
  context.text.reserve(static_cast<size_t>(options.capacity));
  context.ids.resize(static_cast<size_t>(options.chunk));
  return context;
}

/// The inputs that have a result "NAME.next", zero as before the first token.
std::optional<Error> TextContext::findStates(int32_t function) {
  const tensel_model *handle = model->handle();
  for (int32_t i = 0; i < tensel_model_input_count(handle, function); ++i) {
    const tensel_tensor_info input = infoOf(tensel_model_input, handle, function, i);
    const std::string_view name = input.name;
    if (name == "tokens" || name == "past")
      continue;
    State state;
    state.name = name;
    state.type = input.type;
    state.isPositional = false;
    state.size = tensel_elem_type_size(input.type);
    for (int32_t d = 0; d < input.rank; ++d) {
      const std::string_view symbol = input.dims[d] < 0 ? symbolName(handle, input.symbols[d]) : "";
      if (input.dims[d] < 0 && symbol != "batch" && symbol != "context")
        return Error{"the model's input '" + state.name + "' is of a kind that writing text cannot give (an encoder's result?)"};
      state.isPositional |= symbol == "context";
      state.dims.push_back(input.dims[d] >= 0 ? input.dims[d] : symbol == "batch" ? 1 : options.capacity);
      if (__builtin_mul_overflow(state.size, static_cast<size_t>(state.dims.back()), &state.size))
        return Error{"the state '" + state.name + "' does not fit the memory"};
    }
    state.bytes.assign((state.size + 7) / 8, 0);
    states.push_back(std::move(state));
  }
  return std::nullopt;
}

std::optional<Error> TextContext::open(Step &step, const char *functionName, int64_t length) {
  const tensel_model *handle = model->handle();
  const int32_t function = tensel_model_find_function(handle, functionName);
  if (function < 0)
    return Error{std::string("the model has no function '") + functionName + "', expected one that writes text"};
  std::vector<tensel_symbol_limit> limits;
  for (int32_t i = 0; i < tensel_model_symbol_count(handle); ++i) {
    const char *name = symbolName(handle, i);
    const std::string_view symbol = name;
    limits.push_back({name, symbol == "context" ? options.capacity : symbol == "length" ? length : 1});
  }
  tensel_session_options settings = {};
  settings.threads = options.threads;
  settings.limits = limits.data();
  settings.limit_count = limits.size();
  tensel_session *session = nullptr;
  tensel_error_t problem = {};
  if (tensel_session_create(handle, function, &settings, &session, &problem) != TENSEL_OK)
    return Error{problem.message};
  step.session.reset(session);
  for (int32_t i = 0; i < tensel_model_input_count(handle, function); ++i) {
    const tensel_tensor_info input = infoOf(tensel_model_input, handle, function, i);
    step.hasLast |= std::string_view(input.name) == "last";
  }
  step.next.assign(states.size(), -1);
  for (int32_t i = 0; i < tensel_model_output_count(handle, function); ++i) {
    const tensel_tensor_info output = infoOf(tensel_model_output, handle, function, i);
    if (std::string_view(output.name) == "logits")
      step.logits = i;
    for (size_t s = 0; s < states.size(); ++s)
      if (output.name == states[s].name + ".next")
        step.next[s] = i;
  }
  if (step.logits < 0 || std::count(step.next.begin(), step.next.end(), -1) != 0)
    return Error{std::string("function '") + functionName + "' does not give 'logits' and each state's next value"};
  for (const State &state : states)
    if (tensel_session_set_input_named(session, state.name.c_str(), state.bytes.data(), state.type, state.dims.data(),
                                       static_cast<int32_t>(state.dims.size())) != TENSEL_OK)
      return sessionError(session);
  return std::nullopt;
}

std::optional<Error> TextContext::run(Step &step, std::span<const TokenId> tokens) {
  tensel_session *session = step.session.get();
  std::copy(tokens.begin(), tokens.end(), ids.begin());
  const int64_t batch = 1, length = static_cast<int64_t>(tokens.size()), dims[] = {1, length};
  const int64_t past = static_cast<int64_t>(text.size()), last = length - 1;
  bool isSet = tensel_session_set_input_named(session, "tokens", ids.data(), TENSEL_I64, dims, 2) == TENSEL_OK &&
               tensel_session_set_input_named(session, "past", &past, TENSEL_I64, &batch, 1) == TENSEL_OK;
  if (isSet && step.hasLast)
    isSet = tensel_session_set_input_named(session, "last", &last, TENSEL_I64, &batch, 1) == TENSEL_OK;
  if (!isSet || tensel_session_run(session) != TENSEL_OK)
    return sessionError(session);
  for (size_t s = 0; s < states.size(); ++s) {
    const void *data = nullptr;
    const int64_t *shape = nullptr;
    int32_t rank = 0;
    if (tensel_session_output(session, step.next[s], &data, &shape, &rank) != TENSEL_OK)
      return sessionError(session);
    std::memcpy(states[s].bytes.data(), data, states[s].size);
  }
  text.insert(text.end(), tokens.begin(), tokens.end());
  return std::nullopt;
}

Result<std::span<const float>> TextContext::logitsOf(const Step &step) const {
  const void *data = nullptr;
  const int64_t *dims = nullptr;
  int32_t rank = 0;
  if (tensel_session_output(step.session.get(), step.logits, &data, &dims, &rank) != TENSEL_OK)
    return sessionError(step.session.get());
  return std::span(static_cast<const float *>(data), static_cast<size_t>(dims[rank - 1]));
}

std::optional<Error> TextContext::checkRoom(size_t count) const {
  if (count == 0)
    return Error{"found no tokens to read"};
  if (count > static_cast<size_t>(options.capacity) - text.size())
    return Error{"the text has " + std::to_string(text.size() + count) + " tokens, expected at most " +
                 std::to_string(options.capacity)};
  return std::nullopt;
}

std::optional<Error> TextContext::score(std::span<const TokenId> tokens, const LogitsSink &sink) {
  if (auto error = checkRoom(tokens.size()))
    return error;
  if (!scoring.session)
    if (auto error = open(scoring, "score", options.chunk))
      return error;
  while (!tokens.empty()) {
    const size_t count = std::min(tokens.size(), ids.size()), begin = text.size();
    if (auto error = run(scoring, tokens.first(count)))
      return error;
    // [1, count, vocabulary]
    const auto last = logitsOf(scoring);
    if (!last)
      return Error{last.message()};
    for (size_t i = 0; i < count; ++i)
      sink(begin + i, {last->data() + i * last->size(), last->size()});
    tokens = tokens.subspan(count);
  }
  return std::nullopt;
}

Result<std::span<const float>> TextContext::append(std::span<const TokenId> tokens) {
  if (auto error = checkRoom(tokens.size()))
    return std::move(*error);
  const Step *used = nullptr;
  while (!tokens.empty()) {
    const size_t count = std::min(tokens.size(), ids.size());
    Step &step = count == 1 ? decode : prefill;
    if (auto error = run(step, tokens.first(count)))
      return std::move(*error);
    used = &step;
    tokens = tokens.subspan(count);
  }
  return logitsOf(*used);
}

Result<std::span<const float>> TextContext::become(std::span<const TokenId> tokens, size_t *read) {
  size_t common = 0;
  // The last token is read again in any case: its logits are asked for.
  while (common < text.size() && common + 1 < tokens.size() && text[common] == tokens[common])
    ++common;
  const bool canCut = std::all_of(states.begin(), states.end(), [](const State &state) { return state.isPositional; });
  if (common < text.size() && !canCut) {
    clear();
    common = 0;
  }
  text.resize(common);
  if (read)
    *read = tokens.size() - common;
  return append(tokens.subspan(common));
}

void TextContext::clear() {
  text.clear();
  for (State &state : states)
    std::fill(state.bytes.begin(), state.bytes.end(), 0);
}

} // namespace tensel::text
