// tokenizer.json as a whole: the steps, the added tokens, and what the post-processor puts around a text.
#include "runtime/llm/JsonSteps.h"
#include "runtime/llm/Tokenizer.h"

namespace tensel::text {

namespace {

using Item = PostTemplate::Item;

std::optional<TokenId> asId(const Json *json) {
  if (!json || !json->isInteger() || json->integer < 0 || json->integer > UINT32_MAX)
    return std::nullopt;
  return static_cast<TokenId>(json->integer);
}

/// One list of a TemplateProcessing: [{"SpecialToken": {"id", "type_id"}}, {"Sequence": {"id": "A", "type_id"}}, ...]
Result<std::vector<Item>> readTemplate(const Json *list, const Json *tokens) {
  if (!list || !list->isArray())
    return Error{"post-processor: expected the lists 'single' and 'pair'"};
  std::vector<Item> out;
  for (const Json &piece : JsonMembers(*list)) {
    const Json *special = piece.get("SpecialToken"), *sequence = piece.get("Sequence");
    const Json *body = special ? special : sequence;
    const auto type = asId(body ? body->get("type_id") : nullptr);
    if (!body || !type)
      return Error{"post-processor: found a piece that is neither a SpecialToken nor a Sequence with a type_id"};
    const std::string_view name = body->getString("id", "");
    if (sequence) {
      if (name != "A" && name != "B")
        return Error{"post-processor: found the sequence '" + std::string(name) + "', expected A or B"};
      out.push_back({name == "A" ? Item::Kind::First : Item::Kind::Second, 0, *type});
      continue;
    }
    const Json *token = tokens ? tokens->get(name) : nullptr;
    const Json *ids = token ? token->get("ids") : nullptr;
    if (!ids || !ids->isArray())
      return Error{"post-processor: the special token '" + std::string(name) + "' is not in 'special_tokens'"};
    for (const Json &id : JsonMembers(*ids)) {
      if (!asId(&id))
        return Error{"post-processor: the special token '" + std::string(name) + "' has an id that is no number of 32 bits"};
      out.push_back({Item::Kind::Token, *asId(&id), *type});
    }
  }
  return out;
}

/// BertProcessing and RobertaProcessing: {"sep": ["[SEP]", 102], "cls": ["[CLS]", 101]}
Result<PostTemplate> readFixed(const Json &json, bool roberta) {
  const auto idOf = [&](std::string_view name) {
    const Json *pair = json.get(name);
    return pair && pair->isArray() && pair->count == 2 ? asId(pair->first->next) : std::nullopt;
  };
  const auto sep = idOf("sep"), cls = idOf("cls");
  if (!sep || !cls)
    return Error{"post-processor: expected 'sep' and 'cls' with a text and an id each"};
  const Item begin{Item::Kind::Token, *cls, 0}, end{Item::Kind::Token, *sep, 0};
  const uint32_t type = roberta ? 0 : 1;
  PostTemplate out;
  out.single = {begin, {Item::Kind::First, 0, 0}, end};
  out.pair = out.single;
  if (roberta)
    out.pair.push_back(end);
  out.pair.push_back({Item::Kind::Second, 0, type});
  out.pair.push_back({Item::Kind::Token, *sep, type});
  return out;
}

std::optional<Error> readPost(const Json &json, std::vector<PostTemplate> &out) {
  const std::string_view type = json.getString("type", "");
  if (type == "ByteLevel") // moves offsets only
    return std::nullopt;
  if (type == "Sequence") {
    const Json *list = json.get("processors");
    if (!list || !list->isArray())
      return Error{"post-processor: expected a list 'processors' in a Sequence"};
    for (const Json &item : JsonMembers(*list))
      if (auto error = readPost(item, out))
        return error;
    return std::nullopt;
  }
  if (type == "BertProcessing" || type == "RobertaProcessing") {
    auto post = readFixed(json, type[0] == 'R');
    if (!post)
      return post.takeError();
    out.push_back(std::move(*post));
    return std::nullopt;
  }
  if (type == "TemplateProcessing") {
    const Json *tokens = json.get("special_tokens");
    auto single = readTemplate(json.get("single"), tokens);
    if (!single)
      return single.takeError();
    auto pair = readTemplate(json.get("pair"), tokens);
    if (!pair)
      return pair.takeError();
    out.push_back({std::move(*single), std::move(*pair)});
    return std::nullopt;
  }
  return Error{"post-processor: found the type '" + std::string(type) +
               "', expected one of Sequence, ByteLevel, BertProcessing, RobertaProcessing, TemplateProcessing"};
}

std::optional<Error> readAdded(const Json &list, std::vector<AddedToken> &out) {
  for (const Json &item : JsonMembers(list)) {
    const Json *content = item.get("content");
    if (!content || !content->isString())
      return Error{"tokenizer: added token " + std::to_string(out.size()) + " has no 'content'"};
    AddedToken token;
    token.content = content->string;
    token.special = item.getBool("special", false);
    token.normalized = item.getBool("normalized", !token.special);
    token.leftStrip = item.getBool("lstrip", false);
    token.rightStrip = item.getBool("rstrip", false);
    token.singleWord = item.getBool("single_word", false);
    out.push_back(std::move(token));
  }
  return std::nullopt;
}

} // namespace

Result<Tokenizer> Tokenizer::fromJson(std::string text) {
  auto document = JsonDocument::parse(std::move(text));
  if (!document)
    return document.takeError();
  const Json &root = document->root();
  const Json *model = root.get("model");
  if (!root.isObject() || !model)
    return Error{"tokenizer.json: found no 'model' at the top"};
  TokenizerParts parts;
  if (auto read = readModel(*model))
    parts.model = std::move(*read);
  else
    return read.takeError();
  if (const Json *json = root.get("normalizer")) {
    auto read = readNormalizer(*json);
    if (!read)
      return read.takeError();
    parts.normalizer = std::move(*read);
  }
  if (const Json *json = root.get("pre_tokenizer")) {
    auto read = readPreTokenizer(*json);
    if (!read)
      return read.takeError();
    parts.preTokenizer = std::move(*read);
  }
  if (const Json *json = root.get("decoder")) {
    auto read = readDecoder(*json);
    if (!read)
      return read.takeError();
    parts.decoder = std::move(*read);
  }
  if (const Json *json = root.get("post_processor"))
    if (auto error = readPost(*json, parts.post))
      return std::move(*error);
  if (const Json *json = root.get("added_tokens"))
    if (auto error = readAdded(*json, parts.added))
      return std::move(*error);
  return fromParts(std::move(parts));
}

} // namespace tensel::text
