// Runs `encode` and keeps what it gives; see SourceTexts.h.
#include "runtime/llm/SourceTexts.h"

#include <algorithm>

namespace tensel::text {
namespace {

/// The last dim of the input `encoded`, f32 [batch, source, hidden]; nothing when there is none of this kind.
std::optional<int64_t> hiddenOf(const tensel_model *model) {
  const int32_t function = tensel_model_find_function(model, "decode");
  for (int32_t i = 0; i < tensel_model_input_count(model, function); ++i) {
    tensel_tensor_info input = {"", TENSEL_F32, 0, nullptr, nullptr, -1};
    (void)tensel_model_input(model, function, i, &input);
    if (std::string_view(input.name) == "encoded" && input.type == TENSEL_F32 && input.rank == 3 && input.dims[2] > 0)
      return input.dims[2];
  }
  return std::nullopt;
}

} // namespace

Result<SourceTexts> SourceTexts::create(const LanguageModel &model, int64_t longest, int64_t rows, int32_t threads,
                                        int64_t events) {
  auto encoder = TextEncoder::create(model, longest, threads, "vectors", events);
  if (!encoder)
    return encoder.takeError();
  const std::optional<int64_t> hidden = hiddenOf(model.handle());
  if (!hidden)
    return Error{"the model's function 'decode' has no input 'encoded' of f32 and rank 3, expected what 'encode' gives"};
  size_t rowBytes = 0;
  std::optional<RowMemory> vectors;
  if (!__builtin_mul_overflow(static_cast<size_t>(encoder->limit()) * sizeof(float), static_cast<size_t>(*hidden), &rowBytes))
    vectors = RowMemory::create(rows, rowBytes);
  if (!vectors)
    return Error{"no memory for the encoder's vectors of " + std::to_string(encoder->limit()) + " tokens"};
  return SourceTexts(std::move(*encoder), std::move(*vectors), *hidden, rows);
}

std::optional<Error> SourceTexts::encode(int64_t row, std::span<const TokenId> tokens) {
  lengths[static_cast<size_t>(row)] = 0;
  auto encoded = encoder.encode(tokens);
  if (!encoded)
    return encoded.takeError();
  if (encoded->size() != tokens.size() * static_cast<size_t>(hidden))
    return Error{"function 'encode' gives " + std::to_string(encoded->size()) + " numbers for " + std::to_string(tokens.size()) +
                 " tokens, expected " + std::to_string(hidden) + " for each"};
  std::copy(encoded->begin(), encoded->end(), reinterpret_cast<float *>(vectors.row(row)));
  lengths[static_cast<size_t>(row)] = static_cast<int64_t>(tokens.size());
  return std::nullopt;
}

void SourceTexts::copy(int64_t from, int64_t to) {
  vectors.copy(from, to);
  lengths[static_cast<size_t>(to)] = lengths[static_cast<size_t>(from)];
}

std::optional<Error> SourceTexts::setInputs(tensel_session *session, int64_t row, int64_t rows) const {
  const auto counts = std::span(lengths).subspan(static_cast<size_t>(row), static_cast<size_t>(rows));
  if (std::count(counts.begin(), counts.end(), 0) != 0)
    return Error{"the model answers a text (it has an encoder), and was given none"};
  // A row alone is as long as its text; behind the shorter ones of several nothing counts.
  const int64_t dims[] = {rows, rows == 1 ? counts.front() : limit(), hidden};
  if (tensel_session_set_input_named(session, "encoded", vectors.row(row), TENSEL_F32, dims, 3) != TENSEL_OK ||
      tensel_session_set_input_named(session, "lengths", counts.data(), TENSEL_I64, &rows, 1) != TENSEL_OK)
    return Error{tensel_session_message(session)};
  return std::nullopt;
}

} // namespace tensel::text
