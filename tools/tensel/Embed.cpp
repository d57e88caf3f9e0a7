// `tensel embed`: the vectors of texts, a line each.
#include "runtime/llm/TextEncoder.h"
#include "tools/tensel/Commands.h"
#include "tools/tensel/Files.h"
#include "tools/tensel/ModelCache.h"
#include "tools/tensel/TextMemory.h"

#include <algorithm>
#include <cstdio>
#include <sstream>

namespace tensel::cli {
namespace {
std::string run(const EmbedOptions &options) {
  TextMemory memory;
  if (std::string error = memory.read(options.maxMemory); !error.empty())
    return error;
  std::vector<std::string> texts = options.texts;
  if (!options.file.empty()) {
    std::string all;
    if (std::string error = readFile(options.file, all); !error.empty())
      return error;
    std::istringstream lines(all);
    for (std::string line; std::getline(lines, line);)
      texts.push_back(line);
  }
  if (texts.empty())
    return "no text: give -p TEXT or --file FILE";
  auto model = openLanguageModel(options);
  if (!model)
    return model.message();
  std::vector<text::Result<std::vector<text::TokenId>>> encoded;
  int64_t longest = 1;
  for (const std::string &text : texts)
    if (const auto &tokens = encoded.emplace_back(model->tokenizer().encode(text, true)))
      longest = std::max(longest, static_cast<int64_t>(tokens->size()));
  auto encoder = text::TextEncoder::create(*model, longest, options.threads, "embedding");
  if (!encoder)
    return encoder.message();
  text::ContextMemory taken;
  taken.add(encoder->openSession());
  if (std::string refusal = memory.refuse(*model, taken, "; shorter texts take less"); !refusal.empty())
    return refusal;
  for (size_t i = 0; i < texts.size(); ++i) {
    const std::string &text = texts[i];
    if (!encoded[i])
      return "'" + text.substr(0, 60) + "': " + encoded[i].message();
    auto vector = encoder->encode(*encoded[i]);
    if (!vector)
      return "'" + text.substr(0, 60) + "': " + vector.message();
    std::string line;
    for (const float x : *vector) {
      char number[32];
      std::snprintf(number, sizeof number, "%s%.9g", line.empty() ? "" : options.json ? ", " : " ", static_cast<double>(x));
      line += number;
    }
    if (options.json)
      line = "{\"text\": " + text::quoteJson(text::lossyUtf8(text)) + ", \"embedding\": [" + line + "]}";
    if (std::printf("%s\n", line.c_str()) < 0)
      return "cannot write to the standard output";
  }
  return "";
}
} // namespace

int embedCommand(const EmbedOptions &options) {
  std::string error = run(options);
  return error.empty() ? done : fail(error);
}
} // namespace tensel::cli
