// libFuzzer over the files that the text side of a language model reads: a tokenizer.json, or a chat template when the
// input does not begin as an object of JSON.
#include "runtime/llm/ChatTemplate.h"
#include "runtime/llm/Tokenizer.h"

using namespace tensel::text;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const std::string text(reinterpret_cast<const char *>(data), size);
  if (text.starts_with("{\"") || text.starts_with("{\n")) {
    if (auto tokenizer = Tokenizer::fromJson(text))
      if (auto ids = tokenizer->encode("Hello, w\u00f6rld 123 \u4f60 <s>\n\n  aaaaaaaa 'll", true))
        (void)tokenizer->decode(*ids, true);
    return 0;
  }
  static const auto context = JsonDocument::parse(
      R"({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "bos_token": "<s>"})");
  RenderOptions options;
  options.steps = 200'000;
  options.output = 1 << 20;
  options.now = 0;
  if (auto chat = ChatTemplate::parse(text))
    (void)chat->render(context->root(), options);
  return 0;
}
