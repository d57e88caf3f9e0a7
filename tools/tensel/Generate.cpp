// `tensel generate`: one prompt, one answer, streamed as it is written.
#include "tools/tensel/Files.h"
#include "tools/tensel/ModelCache.h"
#include "tools/tensel/Writer.h"

#include <csignal>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace tensel::cli {
namespace {
volatile std::sig_atomic_t interrupted = 0;
void onInterrupt(int) { interrupted = 1; }

std::string readInput(std::string &text) {
  if (isatty(STDIN_FILENO))
    return "no prompt: give -p PROMPT, --file FILE, or a text on the standard input";
  char buffer[1 << 16];
  while (size_t count = std::fread(buffer, 1, sizeof buffer, stdin))
    text.append(buffer, count);
  return std::ferror(stdin) ? "cannot read the standard input" : "";
}

std::string readPrompt(const GenerateOptions &options, std::string &prompt) {
  if (options.prompt && !options.promptFile.empty())
    return "found both --prompt and --file, expected one of them";
  if (!options.promptFile.empty())
    return readFile(options.promptFile, prompt);
  if (!options.prompt)
    return readInput(prompt);
  prompt = *options.prompt;
  return "";
}

std::string report(const text::Generation &made) {
  auto rate = [](size_t tokens, double seconds) { return seconds > 0 ? static_cast<double>(tokens) / seconds : 0.0; };
  // The first token is the prefill's.
  const size_t decoded = made.tokens.empty() ? 0 : made.tokens.size() - 1;
  nlohmann::ordered_json json = {{"text", made.text},
                                 {"tokens", made.tokens},
                                 {"finish", text::finishName(made.finish)},
                                 {"prompt_tokens", made.promptTokens},
                                 {"prefill_tok_s", rate(made.readTokens, made.prefillSeconds)},
                                 {"decode_tok_s", rate(decoded, made.decodeSeconds)},
                                 {"prefill_ms", made.prefillSeconds * 1e3}};
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

/// Prints at once; false when nobody reads any more.
bool print(std::string_view piece) {
  return std::fwrite(piece.data(), 1, piece.size(), stdout) == piece.size() && std::fflush(stdout) == 0;
}

std::string run(const GenerateOptions &options) {
  std::string prompt, package;
  if (std::string error = readPrompt(options, prompt); !error.empty())
    return error;
  if (std::string error = openCompiled({options.model, options.shapes, options.quantize}, package); !error.empty())
    return error;
  auto model = text::LanguageModel::open(package);
  if (!model)
    return model.message();
  const bool isChat = !options.raw && model->hasChatTemplate();
  if (isChat) {
    std::vector<text::Message> messages;
    if (!options.system.empty())
      messages.push_back({"system", options.system});
    messages.push_back({"user", prompt});
    auto rendered = model->renderChat(messages);
    if (!rendered)
      return "the chat template: " + rendered.message();
    prompt = *rendered;
  } else if (!options.system.empty()) {
    return std::string("--system: ") +
           (options.raw ? "found --raw, too; expected one of them" : "the model has no chat template");
  }
  auto tokens = promptTokens(*model, prompt, isChat);
  if (!tokens)
    return tokens.message();
  text::ContextOptions settings;
  const auto needed = static_cast<int64_t>(tokens->size()) + options.tokens;
  settings.capacity = options.context ? options.context : std::min(needed, model->longestContext());
  settings.chunk = std::min<int64_t>(256, static_cast<int64_t>(tokens->size()));
  settings.threads = options.threads;
  if (settings.capacity > model->longestContext())
    return "--context: found " + std::to_string(settings.capacity) + ", expected at most the model's " +
           std::to_string(model->longestContext());
  auto context = text::TextContext::create(*model, settings);
  if (!context)
    return context.message();
  text::GenerationOptions generation = generationOptions(options);
  generation.ignoreEnd = options.ignoreEnd;
  InterruptGuard guard;
  auto made = text::generate(*model, *context, *tokens, generation, [&](std::string_view piece) {
    return !InterruptGuard::isInterrupted() && (options.json || print(piece));
  });
  if (!made)
    return made.message();
  if (!print(options.json ? report(*made) : "\n"))
    return "cannot write to the standard output";
  return "";
}
} // namespace

InterruptGuard::InterruptGuard() {
  reset();
  std::signal(SIGINT, onInterrupt);
}
InterruptGuard::~InterruptGuard() { std::signal(SIGINT, SIG_DFL); }
bool InterruptGuard::isInterrupted() { return interrupted != 0; }
void InterruptGuard::reset() { interrupted = 0; }

text::GenerationOptions generationOptions(const TextOptions &options) {
  text::GenerationOptions made;
  made.sampling.temperature = options.greedy ? 0.0F : static_cast<float>(options.temperature);
  made.sampling.topK = static_cast<uint32_t>(options.topK);
  made.sampling.topP = static_cast<float>(options.topP);
  made.sampling.minP = static_cast<float>(options.minP);
  made.sampling.typicalP = static_cast<float>(options.typicalP);
  made.sampling.repetitionPenalty = static_cast<float>(options.repetition);
  made.sampling.presencePenalty = static_cast<float>(options.presence);
  made.sampling.frequencyPenalty = static_cast<float>(options.frequency);
  made.sampling.seed = options.seed;
  made.maxTokens = static_cast<uint32_t>(options.tokens);
  made.stop = options.stops;
  made.shift = options.shift;
  return made;
}

text::Result<std::vector<text::TokenId>> promptTokens(const text::LanguageModel &model, const std::string &prompt, bool isChat) {
  return model.tokenizer().encode(prompt, !isChat);
}

int generateCommand(const GenerateOptions &options) {
  std::string error = run(options);
  return error.empty() ? done : fail(error);
}
} // namespace tensel::cli
