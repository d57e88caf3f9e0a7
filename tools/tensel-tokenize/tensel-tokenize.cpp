// Runs the text side of the runtime over files, for tests and for looking at tokenizers:
//   tensel-tokenize encode TOKENIZER FILE [--special]   each line's ids
//   tensel-tokenize decode TOKENIZER FILE [--stream]    each line of ids as JSON text; --stream: token by token
//   tensel-tokenize render FILE                         each line {"template", "context"} as {"text"} or {"error"}
// TOKENIZER is a tokenizer.json, or GGUF's tokenizer metadata as one JSON object. A line of FILE that starts with "0x" is
// the text's bytes in hexadecimal.
#include "runtime/llm/ChatTemplate.h"
#include "runtime/llm/Detokenizer.h"
#include "runtime/llm/Json.h"
#include "runtime/llm/Tokenizer.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

using namespace tensel::text;

namespace {

[[noreturn]] void stop(const std::string &message) {
  std::cerr << "error: " << message << "\n";
  std::exit(1);
}

std::string readFile(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    stop("cannot read '" + path + "'");
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

Tokenizer readTokenizer(const std::string &path) {
  auto tokenizer = Tokenizer::fromText(readFile(path));
  if (!tokenizer)
    stop(path + ": " + tokenizer.message());
  return std::move(*tokenizer);
}

std::string bytesOf(const std::string &line) {
  if (!line.starts_with("0x"))
    return line;
  std::string out;
  for (size_t i = 2; i + 1 < line.size(); i += 2)
    out += static_cast<char>(std::strtoul(line.substr(i, 2).c_str(), nullptr, 16));
  return out;
}

void encode(const Tokenizer &tokenizer, std::istream &lines, bool special) {
  for (std::string line; std::getline(lines, line);) {
    auto ids = tokenizer.encode(bytesOf(line), special);
    if (!ids)
      stop(ids.message());
    std::string out;
    for (const TokenId id : *ids)
      out += (out.empty() ? "" : " ") + std::to_string(id);
    std::cout << out << "\n";
  }
}

void decode(const Tokenizer &tokenizer, std::istream &lines, bool stream) {
  for (std::string line; std::getline(lines, line);) {
    std::istringstream numbers(line);
    std::vector<TokenId> ids;
    for (TokenId id = 0; numbers >> id;)
      ids.push_back(id);
    std::string text;
    if (stream) {
      Detokenizer detokenizer(tokenizer);
      for (const TokenId id : ids) {
        const std::string piece = detokenizer.add(id);
        if (!isUtf8(piece))
          stop("a piece of the stream is not UTF-8");
        text += piece;
      }
      text += detokenizer.finish();
    } else {
      text = tokenizer.decode(ids, true);
    }
    std::cout << quoteJson(text) << "\n";
  }
}

void render(std::istream &lines) {
  for (std::string line; std::getline(lines, line);) {
    auto json = JsonDocument::parse(line);
    if (!json)
      stop(json.message());
    const Json *context = json->root().get("context");
    auto chat = ChatTemplate::parse(json->root().getString("template", ""));
    if (!context)
      stop("expected a 'template' and a 'context' in each line");
    RenderOptions options;
    options.now = static_cast<std::time_t>(json->root().get("now") ? json->root().get("now")->integer : 0);
    auto text = chat ? chat->render(*context, options) : Result<std::string>(chat.takeError());
    std::cout << (text ? "{\"text\": " + quoteJson(*text) : "{\"error\": " + quoteJson(text.message())) << "}\n";
  }
}

} // namespace

int main(int argc, char **argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const std::string command = arguments.empty() ? "" : arguments[0];
  const std::string option = arguments.empty() ? "" : arguments.back();
  std::ios::sync_with_stdio(false);
  if (command == "render" && arguments.size() == 2) {
    std::istringstream lines(readFile(arguments[1]));
    render(lines);
    return 0;
  }
  if ((command != "encode" && command != "decode") || arguments.size() < 3)
    stop("expected 'encode TOKENIZER FILE', 'decode TOKENIZER FILE' or 'render FILE'");
  const Tokenizer tokenizer = readTokenizer(arguments[1]);
  std::istringstream lines(readFile(arguments[2]));
  if (command == "encode")
    encode(tokenizer, lines, option == "--special");
  else
    decode(tokenizer, lines, option == "--stream");
  return 0;
}
