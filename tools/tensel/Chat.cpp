// `tensel chat`: a conversation on the terminal. The whole of it is rendered for every answer, and the context reads only what
// it does not hold yet, so that a turn costs what was said since the last one.
#include "tools/tensel/ModelCache.h"
#include "tools/tensel/TextMemory.h"
#include "tools/tensel/Writer.h"

#include <cstdio>
#include <iostream>
#include <unistd.h>

namespace tensel::cli {
namespace {
constexpr int64_t usualContext = 4096;

constexpr const char *help = "/clear forgets the conversation, /undo its last turn, /history shows it; Ctrl-D ends.\n"
                             "A line that ends in \\ goes on in the next one.\n";

class ChatJob {
public:
  explicit ChatJob(const TextOptions &options) : options(options), isTerminal(isatty(STDIN_FILENO) != 0) {}

  std::string run() {
    TextMemory memory;
    if (std::string error = memory.read(options.maxMemory); !error.empty())
      return error;
    auto opened = openLanguageModel(options);
    if (!opened)
      return opened.message();
    const text::LanguageModel &model = *opened;
    if (!model.hasChatTemplate())
      return "'" + options.model + "': the model has no chat template; 'tensel generate --raw' goes on with a text";
    text::ContextOptions settings;
    settings.capacity = options.context ? options.context : std::min(usualContext, model.longestContext());
    settings.threads = options.threads;
    if (settings.capacity > model.longestContext())
      return "--context: found " + std::to_string(settings.capacity) + ", expected at most the model's " +
             std::to_string(model.longestContext());
    auto context = memory.make(model, settings, [&] { return text::TextContext::create(model, settings); });
    if (!context)
      return context.message();
    clear();
    if (isTerminal)
      std::fputs(help, stderr);
    for (std::string line; read(line);)
      if (line[0] == '/' ? !command(line) : !answer(model, *context, line))
        break;
    return problem;
  }

private:
  /// The next thing that is said; false at the end.
  bool read(std::string &text) {
    text.clear();
    do {
      if (isTerminal)
        std::fputs(text.empty() ? "> " : ". ", stderr);
      std::string line;
      if (!std::getline(std::cin, line))
        return false;
      const bool goesOn = !line.empty() && line.back() == '\\';
      if (goesOn)
        line.back() = '\n';
      text += line;
      if (goesOn)
        continue;
    } while (text.empty() || text.back() == '\n');
    return true;
  }

  void clear() {
    messages.clear();
    if (!options.system.empty())
      messages.push_back({"system", options.system});
  }

  bool command(const std::string &line) {
    if (line == "/clear") {
      clear();
    } else if (line == "/undo") {
      for (int k = 0; k < 2 && !messages.empty() && messages.back().role != "system"; ++k)
        messages.pop_back();
    } else if (line == "/history") {
      for (const text::Message &message : messages)
        std::printf("%s: %s\n", message.role.c_str(), message.content.c_str());
    } else if (line == "/exit" || line == "/quit") {
      return false;
    } else {
      std::fputs(help, stderr);
    }
    return true;
  }

  bool answer(const text::LanguageModel &model, text::TextContext &context, const std::string &line) {
    messages.push_back({"user", line});
    auto rendered = model.renderChat(messages);
    if (!rendered)
      return stop("the chat template: " + rendered.message());
    auto tokens = promptTokens(model, *rendered, true);
    if (!tokens)
      return stop(tokens.message());
    InterruptGuard guard;
    auto made = text::generate(model, context, *tokens, generationOptions(options), [](std::string_view piece) {
      std::fwrite(piece.data(), 1, piece.size(), stdout);
      return std::fflush(stdout) == 0 && !InterruptGuard::isInterrupted();
    });
    if (!made) {
      messages.pop_back();
      if (!isTerminal)
        return stop(made.message());
      std::fprintf(stderr, "tensel: error: %s\n/clear begins anew\n", made.message().c_str());
      return true;
    }
    std::fputs("\n", stdout);
    std::fflush(stdout);
    messages.push_back({"assistant", made->text});
    return true;
  }

  bool stop(const std::string &message) {
    problem = message;
    return false;
  }

  const TextOptions &options;
  bool isTerminal;
  std::vector<text::Message> messages;
  std::string problem;
};
} // namespace

int chatCommand(const TextOptions &options) {
  std::string error = ChatJob(options).run();
  return error.empty() ? done : fail(error);
}
} // namespace tensel::cli
