// GGUF's tokenizer metadata written as one JSON object, and the choice between it and tokenizer.json.
#include "runtime/llm/Json.h"
#include "runtime/llm/Tokenizer.h"

namespace tensel::text {
namespace {

std::optional<TokenId> idOf(const Json &root, std::string_view name) {
  const Json *value = root.get(name);
  return value && value->isInteger() && value->integer >= 0 ? std::optional(static_cast<TokenId>(value->integer)) : std::nullopt;
}

std::optional<bool> flagOf(const Json &root, std::string_view name) {
  const Json *value = root.get(name);
  return value ? std::optional(value->boolean) : std::nullopt;
}

GgufVocabulary readVocabulary(const Json &root) {
  const auto each = [&](std::string_view name, auto see) {
    if (const Json *list = root.get(name))
      for (const Json &item : JsonMembers(*list))
        see(item);
  };
  GgufVocabulary out;
  out.model = root.getString("tokenizer.ggml.model", "");
  out.pre = root.getString("tokenizer.ggml.pre", "default");
  each("tokenizer.ggml.tokens", [&](const Json &item) { out.tokens.emplace_back(item.string); });
  each("tokenizer.ggml.merges", [&](const Json &item) { out.merges.emplace_back(item.string); });
  each("tokenizer.ggml.scores", [&](const Json &item) { out.scores.push_back(static_cast<float>(item.number)); });
  each("tokenizer.ggml.token_type", [&](const Json &item) { out.types.push_back(static_cast<int32_t>(item.integer)); });
  each("tokenizer.ggml.precompiled_charsmap", [&](const Json &item) { out.charsMap += static_cast<char>(item.integer); });
  out.bos = idOf(root, "tokenizer.ggml.bos_token_id");
  out.eos = idOf(root, "tokenizer.ggml.eos_token_id");
  out.unknown = idOf(root, "tokenizer.ggml.unknown_token_id");
  out.separator = idOf(root, "tokenizer.ggml.seperator_token_id");
  out.addBos = flagOf(root, "tokenizer.ggml.add_bos_token");
  out.addEos = flagOf(root, "tokenizer.ggml.add_eos_token");
  out.addSpacePrefix = flagOf(root, "tokenizer.ggml.add_space_prefix");
  out.removeExtraSpaces = flagOf(root, "tokenizer.ggml.remove_extra_whitespaces");
  return out;
}

} // namespace

Result<Tokenizer> Tokenizer::fromText(std::string text) {
  auto json = JsonDocument::parse(text);
  if (!json)
    return json.takeError();
  if (json->root().get("tokenizer.ggml.model") != nullptr)
    return fromGguf(readVocabulary(json->root()));
  return fromJson(std::move(text));
}

} // namespace tensel::text
