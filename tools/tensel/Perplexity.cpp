// `tensel perplexity`: exp of the mean negative log likelihood of a text's tokens. The text is cut into windows that do not
// overlap; of each, the first half is only read and the second half counts, as llama.cpp's tool of this name has it, so that
// numbers can be compared. What is left behind the last whole window does not count, unless it is all there is.
#include "tools/tensel/Files.h"
#include "tools/tensel/ModelCache.h"
#include "tools/tensel/TextMemory.h"
#include "tools/tensel/Writer.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace tensel::cli {
namespace {
/// -log of the softmax of `logits` at `token`, summed in f64.
double surprise(std::span<const float> logits, text::TokenId token) {
  const double most = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits)
    sum += std::exp(static_cast<double>(logit) - most);
  return std::log(sum) + most - static_cast<double>(logits[token]);
}

std::string run(const PerplexityOptions &options) {
  TextMemory memory;
  if (std::string error = memory.read(options.maxMemory); !error.empty())
    return error;
  std::string words;
  if (std::string error = readFile(options.file, words); !error.empty())
    return error;
  auto model = openLanguageModel(options, /*score=*/true);
  if (!model)
    return model.message();
  auto tokens = model->tokenizer().encode(words, true);
  if (!tokens)
    return tokens.message();
  if (options.context > model->longestContext())
    return "--context: found " + std::to_string(options.context) + ", expected at most the model's " +
           std::to_string(model->longestContext());
  if (tokens->size() < 4)
    return "'" + options.file + "' has " + std::to_string(tokens->size()) + " tokens, expected at least 4";
  const size_t window = std::min(tokens->size(), static_cast<size_t>(options.context)), windows = tokens->size() / window;
  text::ContextOptions settings;
  settings.capacity = static_cast<int64_t>(window);
  settings.chunk = 64; // the logits of a chunk are in memory at once
  settings.threads = options.threads;
  settings.scores = true;
  auto context = memory.make(*model, settings, [&] { return text::TextContext::create(*model, settings); });
  if (!context)
    return context.message();
  double sum = 0;
  size_t counted = 0;
  // Every window begins as the text does, where the tokenizer puts a token there.
  auto bare = model->tokenizer().encode(words, false);
  const bool begins = bare && bare->size() < tokens->size() && (*bare)[0] != (*tokens)[0];
  for (size_t w = 0; w < windows; ++w) {
    std::vector<text::TokenId> part(tokens->begin() + static_cast<ptrdiff_t>(w * window),
                                    tokens->begin() + static_cast<ptrdiff_t>((w + 1) * window));
    if (begins)
      part[0] = (*tokens)[0];
    context->clear();
    auto error = context->score(part, [&](size_t position, std::span<const float> logits) {
      if (position < window / 2 || position + 1 >= window || part[position + 1] >= logits.size())
        return;
      sum += surprise(logits, part[position + 1]);
      ++counted;
    });
    if (error)
      return error->message;
  }
  const double perplexity = std::exp(sum / static_cast<double>(counted));
  if (options.json)
    std::printf("{\"perplexity\": %.6f, \"tokens\": %zu, \"windows\": %zu, \"context\": %zu}\n", perplexity, counted, windows,
                window);
  else
    std::printf("perplexity %.4f over %zu tokens, in %zu windows of %zu\n", perplexity, counted, windows, window);
  return "";
}
} // namespace

int perplexityCommand(const PerplexityOptions &options) {
  std::string error = run(options);
  return error.empty() ? done : fail(error);
}
} // namespace tensel::cli
