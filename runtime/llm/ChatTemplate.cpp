// The door to runtime/llm/jinja.
#include "runtime/llm/ChatTemplate.h"

#include "runtime/llm/Unicode.h"
#include "runtime/llm/jinja/Interpreter.h"
#include "runtime/llm/jinja/Parser.h"

namespace tensel::text {

struct ChatTemplate::Program {
  jinja::Body body;
};

ChatTemplate::ChatTemplate(std::unique_ptr<Program> program) : program(std::move(program)) {}
ChatTemplate::ChatTemplate(ChatTemplate &&) noexcept = default;
ChatTemplate &ChatTemplate::operator=(ChatTemplate &&) noexcept = default;
ChatTemplate::~ChatTemplate() = default;

Result<ChatTemplate> ChatTemplate::parse(std::string_view source) {
  if (source.size() > 4 << 20)
    return Error{"template: found " + std::to_string(source.size()) + " bytes, expected at most 4194304"};
  if (!isUtf8(source))
    return Error{"template: found bytes that are not UTF-8"};
  auto body = jinja::parseTemplate(source);
  if (!body)
    return body.takeError();
  auto program = std::make_unique<Program>();
  program->body = std::move(*body);
  return ChatTemplate(std::move(program));
}

Result<std::string> ChatTemplate::render(const Json &context, const RenderOptions &options) const {
  if (!context.isObject())
    return Error{"template: found " + std::string(context.kindName()) + " as the context, expected an object"};
  jinja::Interpreter interpreter({options.steps, options.output}, options.now);
  std::string out;
  if (!interpreter.run(program->body, jinja::Value::fromJson(context).dict(), out))
    return Error{std::move(interpreter.message)};
  return out;
}

} // namespace tensel::text
