// Sessions on behalf of `tensel run`.
#include "tools/tensel/SessionRunner.h"

#include "runtime/package/PackageReader.h"
#include "tools/tensel/MemoryReport.h"
#include "tools/tensel/Trace.h"

#include <cstring>

namespace tensel::cli {
namespace {
template <typename Query>
Signature readSignature(const tensel_model *model, Query query, int32_t function, int32_t index) {
  Signature signature;
  tensel_tensor_info info = {};
  if (query(model, function, index, &info) != TENSEL_OK)
    return signature;
  signature.name = info.name;
  signature.type = info.type;
  for (int32_t d = 0; d < info.rank; ++d) {
    tensel_symbol_info symbol = {};
    bool named = info.dims[d] < 0 && tensel_model_symbol(model, info.symbols[d], &symbol) == TENSEL_OK;
    signature.dims.push_back(info.dims[d]);
    signature.symbols.push_back(named ? symbol.name : "");
  }
  return signature;
}
} // namespace

SessionRunner::~SessionRunner() {
  tensel_session_destroy(session);
  tensel_model_destroy(model);
}

std::string SessionRunner::loadFile(const std::string &path, const RunOptions &options) {
  tensel_error_t error = {};
  if (tensel_model_load_file(path.c_str(), &model, &error) != TENSEL_OK)
    return std::strstr(error.message, path.c_str()) ? error.message : "'" + path + "': " + error.message;
  return readSignatures(options);
}

std::string SessionRunner::loadStatic(const tensel_static_model *description, std::shared_ptr<void> memory,
                                      const RunOptions &options) {
  owner = std::move(memory);
  tensel_error_t error = {};
  if (tensel_model_load_static(description, &model, &error) != TENSEL_OK)
    return error.message;
  return readSignatures(options);
}

std::string SessionRunner::readSignatures(const RunOptions &options) {
  threadCount = options.threads;
  wantsProfile = !options.profile.empty();
  function = options.function.empty() ? 0 : tensel_model_find_function(model, options.function.c_str());
  if (function < 0) {
    std::string known;
    for (int32_t k = 0; k < tensel_model_function_count(model); ++k)
      known += (k ? ", '" : "'") + std::string(tensel_model_function_name(model, k)) + "'";
    return "--function: found '" + options.function + "', expected one of " + known;
  }
  for (int32_t k = 0; k < tensel_model_input_count(model, function); ++k)
    inputs.push_back(readSignature(model, tensel_model_input, function, k));
  for (int32_t k = 0; k < tensel_model_output_count(model, function); ++k)
    outputs.push_back(readSignature(model, tensel_model_output, function, k));
  for (int32_t k = 0; k < tensel_model_symbol_count(model); ++k) {
    tensel_symbol_info symbol = {};
    if (tensel_model_symbol(model, k, &symbol) == TENSEL_OK && symbol.min == symbol.max)
      fixedSizes[symbol.name] = symbol.min;
  }
  return "";
}

std::string SessionRunner::prepare(const std::vector<HostTensor> &tensors) {
  // The arena is made for these inputs: a symbol's limit is the largest dim that names it.
  std::map<std::string, int64_t> sizes;
  for (size_t k = 0; k < inputs.size(); ++k)
    for (size_t d = 0; d < inputs[k].dims.size() && d < tensors[k].dims.size(); ++d)
      if (!inputs[k].symbols[d].empty())
        sizes[inputs[k].symbols[d]] = std::max(sizes[inputs[k].symbols[d]], tensors[k].dims[d]);
  std::vector<tensel_symbol_limit> limits;
  for (int32_t k = 0; k < tensel_model_symbol_count(model); ++k) {
    tensel_symbol_info symbol = {};
    if (tensel_model_symbol(model, k, &symbol) != TENSEL_OK)
      continue;
    auto size = sizes.find(symbol.name);
    if (size != sizes.end() && size->second >= symbol.min && (symbol.max < 0 || size->second <= symbol.max))
      limits.push_back({symbol.name, (size->second + symbol.step - 1) / symbol.step * symbol.step});
    else if (symbol.max < 0)
      limits.push_back({symbol.name, std::max<int64_t>(symbol.min, 1)});
  }
  tensel_session_options options = {};
  options.threads = threadCount;
  options.profile = wantsProfile;
  options.events = wantsProfile ? keptEvents : 0;
  options.limits = limits.data();
  options.limit_count = limits.size();
  tensel_error_t error = {};
  if (tensel_session_create(model, function, &options, &session, &error) != TENSEL_OK)
    return error.message;
  if (maxMemory != 0)
    if (std::string refusal = checkMemory(limits); !refusal.empty())
      return refusal;
  return setInputs(tensors);
}

std::string SessionRunner::limitMemory(const std::string &path, int64_t bytes) {
  maxMemory = bytes;
  return rt::readPackage(path, limited);
}

std::string SessionRunner::checkMemory(const std::vector<tensel_symbol_limit> &limits) const {
  std::vector<int64_t> sizes = rt::declaredMaxima(limited);
  for (const tensel_symbol_limit &limit : limits)
    for (size_t s = 0; s < sizes.size(); ++s)
      if (limited.symbols[s].name == limit.symbol)
        sizes[s] = limit.max;
  std::string refusal = refuseMemory(limited, limited.functions[static_cast<size_t>(function)], sizes, threads(), maxMemory);
  if (!refusal.empty())
    refusal += "\nthe package is compiled already; `tensel compile --max-memory` may make one that needs less";
  return refusal;
}

std::string SessionRunner::setInputs(const std::vector<HostTensor> &tensors) {
  for (size_t k = 0; k < tensors.size(); ++k) {
    const HostTensor &tensor = tensors[k];
    const auto index = static_cast<int32_t>(k), rank = static_cast<int32_t>(tensor.dims.size());
    tensel_tensor_info info = {};
    (void)tensel_model_input(model, function, index, &info);
    tensel_status_t status = TENSEL_OK;
    if (info.state < 0) {
      status = tensel_session_set_input(session, index, tensor.data(), tensor.type, tensor.dims.data(), rank);
    } else {
      State state = {&tensor, {}};
      if (!state.tensor.allocate(tensor.type, tensor.dims))
        return "input '" + inputs[k].name + "': not enough memory for a copy";
      status = tensel_session_set_state(session, index, state.tensor.data(), tensor.type, tensor.dims.data(), rank);
      states.push_back(std::move(state));
    }
    if (status != TENSEL_OK)
      return tensel_session_message(session);
  }
  rewind();
  return "";
}

void SessionRunner::rewind() {
  for (State &state : states)
    if (state.tensor.byteSize() != 0)
      std::memcpy(state.tensor.data(), state.given->data(), state.tensor.byteSize());
}

std::string SessionRunner::run() { return tensel_session_run(session) == TENSEL_OK ? "" : tensel_session_message(session); }

std::string SessionRunner::results(std::vector<HostTensor> &tensors) {
  for (size_t k = 0; k < outputs.size(); ++k) {
    const void *data = nullptr;
    const int64_t *dims = nullptr;
    int32_t rank = 0;
    if (tensel_session_output(session, static_cast<int32_t>(k), &data, &dims, &rank) != TENSEL_OK)
      return tensel_session_message(session);
    HostTensor tensor;
    if (!tensor.allocate(outputs[k].type, std::vector<int64_t>(dims, dims + rank)))
      return "output '" + outputs[k].name + "': not enough memory";
    if (tensor.byteSize() != 0)
      std::memcpy(tensor.data(), data, tensor.byteSize());
    tensors.push_back(std::move(tensor));
  }
  return "";
}

int SessionRunner::threads() const { return tensel_session_thread_count(session); }

std::string SessionRunner::profile() const { return traceJson(model, {{function, session}}); }
} // namespace tensel::cli
