// Chat templates: the Jinja2 of tokenizer_config.json and of GGUF's tokenizer.chat_template, with trim_blocks and
// lstrip_blocks on, as the `transformers` package sets it. A template is parsed once and may be rendered from many threads.
#ifndef TENSEL_RUNTIME_LLM_CHATTEMPLATE_H
#define TENSEL_RUNTIME_LLM_CHATTEMPLATE_H

#include "runtime/llm/Json.h"

#include <cstdint>
#include <ctime>
#include <memory>
#include <string>
#include <string_view>

namespace tensel::text {

struct RenderOptions {
  uint64_t steps = 10'000'000;          ///< expressions evaluated plus bytes made
  size_t output = 16 << 20;             ///< bytes of the result
  std::time_t now = std::time(nullptr); ///< what strftime_now tells
};

class ChatTemplate {
public:
  static Result<ChatTemplate> parse(std::string_view source);
  ChatTemplate(ChatTemplate &&) noexcept;
  ChatTemplate &operator=(ChatTemplate &&) noexcept;
  ~ChatTemplate();

  /// Renders with the members of `context`, an object: messages, add_generation_prompt, bos_token, tools, ...
  /// raise_exception() in the template is an error with its message.
  Result<std::string> render(const Json &context, const RenderOptions &options = {}) const;

private:
  struct Program;
  explicit ChatTemplate(std::unique_ptr<Program> program);

  std::unique_ptr<Program> program;
};

} // namespace tensel::text

#endif // TENSEL_RUNTIME_LLM_CHATTEMPLATE_H
