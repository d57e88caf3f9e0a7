// One text at a time through `encode`; see TextEncoder.h.
#include "runtime/llm/TextEncoder.h"

namespace tensel::text {

Result<TextEncoder> TextEncoder::create(const LanguageModel &model, int64_t longest, int32_t threads, const char *result,
                                        int64_t events) {
  const tensel_model *handle = model.handle();
  const int32_t function = tensel_model_find_function(handle, "encode");
  TextEncoder encoder;
  for (int32_t i = 0; function >= 0 && i < tensel_model_output_count(handle, function); ++i) {
    tensel_tensor_info output = {"", TENSEL_F32, 0, nullptr, nullptr, -1};
    (void)tensel_model_output(handle, function, i, &output);
    if (std::string_view(output.name) == result && output.type == TENSEL_F32)
      encoder.result = i;
  }
  if (encoder.result < 0)
    return Error{std::string("the model has no function 'encode' with the result '") + result + "', expected a model such as " +
                 (std::string_view(result) == "embedding" ? "BERT" : "T5")};
  std::vector<tensel_symbol_limit> limits;
  for (int32_t i = 0; i < tensel_model_symbol_count(handle); ++i) {
    tensel_symbol_info symbol = {};
    (void)tensel_model_symbol(handle, i, &symbol);
    const bool isLength = std::string_view(symbol.name) == "length";
    const int64_t most = symbol.max < 0 ? INT32_MAX : symbol.max;
    limits.push_back({symbol.name, !isLength ? 1 : longest > 0 && longest < most ? longest : most});
    if (isLength)
      encoder.longest = limits.back().max;
  }
  auto session = startSession(handle, function, limits, threads, events);
  if (!session)
    return session.takeError();
  encoder.session = std::move(*session);
  return encoder;
}

Result<std::span<const float>> TextEncoder::encode(std::span<const TokenId> tokens) {
  if (tokens.empty() || static_cast<int64_t>(tokens.size()) > longest)
    return Error{"the text has " + std::to_string(tokens.size()) + " tokens, expected 1 to " + std::to_string(longest)};
  const std::vector<int64_t> ids(tokens.begin(), tokens.end());
  const int64_t batch = 1, length = static_cast<int64_t>(ids.size()), dims[] = {1, length};
  const void *data = nullptr;
  const int64_t *shape = nullptr;
  int32_t rank = 0;
  if (tensel_session_set_input_named(session.get(), "tokens", ids.data(), TENSEL_I64, dims, 2) != TENSEL_OK ||
      tensel_session_set_input_named(session.get(), "lengths", &length, TENSEL_I64, &batch, 1) != TENSEL_OK ||
      tensel_session_run(session.get()) != TENSEL_OK ||
      tensel_session_output(session.get(), result, &data, &shape, &rank) != TENSEL_OK)
    return Error{tensel_session_message(session.get())};
  size_t count = 1;
  for (int32_t d = 0; d < rank; ++d)
    count *= static_cast<size_t>(shape[d]);
  return std::span(static_cast<const float *>(data), count);
}

} // namespace tensel::text
