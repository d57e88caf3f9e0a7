// `tensel generate`: one prompt, one answer, streamed as it is written; or several, answered together.
#include "tools/tensel/Files.h"
#include "tools/tensel/ModelCache.h"
#include "tools/tensel/TextMemory.h"
#include "tools/tensel/Trace.h"
#include "tools/tensel/Writer.h"

#include <algorithm>
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

/// The lines that are not empty.
std::string readPrompts(const std::string &path, std::vector<std::string> &prompts) {
  std::string text;
  if (std::string error = readFile(path, text); !error.empty())
    return error;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    std::string line = text.substr(begin, end - begin);
    if (!line.empty() && line.back() == '\r')
      line.pop_back();
    if (!line.empty())
      prompts.push_back(std::move(line));
    begin = end + 1;
  }
  return prompts.empty() ? "'" + path + "' holds no prompt, expected one on each line" : "";
}

std::string readPrompts(const GenerateOptions &options, std::vector<std::string> &prompts) {
  const int sources =
      (options.prompts.empty() ? 0 : 1) + (options.promptFile.empty() ? 0 : 1) + (options.promptsFile.empty() ? 0 : 1);
  if (sources > 1)
    return "found several of --prompt, --file and --prompts-file, expected one of them";
  if (!options.promptsFile.empty())
    return readPrompts(options.promptsFile, prompts);
  prompts = options.prompts;
  if (!prompts.empty())
    return "";
  return options.promptFile.empty() ? readInput(prompts.emplace_back()) : readFile(options.promptFile, prompts.emplace_back());
}

std::string report(const text::LanguageModel &model, const text::Generation &made, const text::ContextMemory &memory) {
  auto rate = [](size_t tokens, double seconds) { return seconds > 0 ? static_cast<double>(tokens) / seconds : 0.0; };
  // The first token is the prefill's.
  const size_t decoded = made.tokens.empty() ? 0 : made.tokens.size() - 1;
  nlohmann::ordered_json json = {{"text", made.text},
                                 {"tokens", made.tokens},
                                 {"finish", text::finishName(made.finish)},
                                 {"prompt_tokens", made.promptTokens},
                                 {"prefill_tok_s", rate(made.readTokens, made.prefillSeconds)},
                                 {"decode_tok_s", rate(decoded, made.decodeSeconds)},
                                 {"prefill_ms", made.prefillSeconds * 1e3},
                                 {"arena_bytes", memory.arenaBytes},
                                 {"state_bytes", memory.stateBytes},
                                 {"table_bytes", memory.tableBytes},
                                 {"text_bytes", model.textBytes()}};
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

/// Prints at once; false when nobody reads any more.
bool print(std::string_view piece) {
  return std::fwrite(piece.data(), 1, piece.size(), stdout) == piece.size() && std::fflush(stdout) == 0;
}

class GenerateJob {
public:
  explicit GenerateJob(const GenerateOptions &options) : options(options), wanted(generationOptions(options)) {
    wanted.ignoreEnd = options.ignoreEnd;
  }

  /// An empty string or the one message.
  std::string run() {
    if (!options.profile.empty())
      if (std::string error = checkOutputPath(options.profile); !error.empty())
        return error;
    if (std::string error = memory.read(options.maxMemory); !error.empty())
      return error;
    std::vector<std::string> texts;
    if (std::string error = readPrompts(options, texts); !error.empty())
      return error;
    auto opened = openLanguageModel(options);
    if (!opened)
      return opened.message();
    model = &*opened;
    for (const std::string &text : texts)
      if (std::string error = addPrompt(text); !error.empty())
        return error;
    if (std::string error = chooseContext(); !error.empty())
      return error;
    InterruptGuard guard;
    return prompts.size() == 1 ? answerOne() : answerAll();
  }

private:
  std::string addPrompt(std::string prompt) {
    const bool isChat = !options.raw && model->hasChatTemplate();
    if (isChat) {
      std::vector<text::Message> messages;
      if (!options.system.empty())
        messages.push_back({"system", options.system});
      messages.push_back({"user", std::move(prompt)});
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
    prompts.push_back(std::move(*tokens));
    return "";
  }

  /// Room for the longest prompt and its answer.
  std::string chooseContext() {
    int64_t longest = 0;
    for (const auto &prompt : prompts)
      longest = std::max(longest, static_cast<int64_t>(prompt.size()));
    // Where an encoder reads the prompt, the answer is a text of its own, which begins with one token.
    const int64_t read = model->hasEncoder() ? 1 : longest;
    settings.capacity = options.context ? options.context : std::min(read + options.tokens, model->longestContext());
    settings.chunk = std::min<int64_t>(256, read);
    settings.source = options.context ? std::min<int64_t>(options.context, longest) : longest;
    settings.threads = options.threads;
    settings.events = options.profile.empty() ? 0 : keptEvents;
    if (settings.capacity > model->longestContext())
      return "--context: found " + std::to_string(settings.capacity) + ", expected at most the model's " +
             std::to_string(model->longestContext());
    return "";
  }

  std::string answerOne() {
    auto context = memory.make(*model, settings, [&] { return text::TextContext::create(*model, settings); });
    if (!context)
      return context.message();
    auto made = text::generate(*model, *context, prompts.front(), wanted, [&](std::string_view piece) {
      return !InterruptGuard::isInterrupted() && (options.json || print(piece));
    });
    if (!made)
      return made.message();
    return print(options.json ? report(*model, *made, context->memory()) : "\n") ? writeTrace(context->sessions()) : cannotWrite;
  }

  /// Answers come in the prompts' order, each on a line of its own (or as its JSON object), when all are there.
  std::string answerAll() {
    auto batch = memory.make(*model, settings, [&] { return text::TextBatch::create(*model, settings, prompts.size()); });
    if (!batch)
      return batch.message();
    auto made = text::generateTogether(*model, *batch, prompts, wanted,
                                       [](size_t, std::string_view) { return !InterruptGuard::isInterrupted(); });
    if (!made)
      return made.message();
    for (const text::Generation &answer : *made)
      if (!print(options.json ? report(*model, answer, batch->memory()) : answer.text + "\n"))
        return cannotWrite;
    return writeTrace(batch->sessions());
  }

  std::string writeTrace(const std::vector<text::OpenSession> &sessions) {
    if (options.profile.empty())
      return "";
    std::vector<TracedSession> traced;
    for (const text::OpenSession &open : sessions)
      traced.push_back({open.function, open.session});
    return writeFile(options.profile, {traceJson(model->handle(), traced)});
  }

  static constexpr const char *cannotWrite = "cannot write to the standard output";
  const GenerateOptions &options;
  text::GenerationOptions wanted;
  text::ContextOptions settings;
  TextMemory memory;
  const text::LanguageModel *model = nullptr;
  std::vector<std::vector<text::TokenId>> prompts;
};
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
  std::string error = GenerateJob(options).run();
  return error.empty() ? done : fail(error);
}
} // namespace tensel::cli
