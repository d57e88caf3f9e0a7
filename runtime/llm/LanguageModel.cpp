// Opens packages of language models; see LanguageModel.h.
#include "runtime/llm/LanguageModel.h"

#include <algorithm>
#include <malloc.h>

namespace tensel::text {
namespace {

/// Tokens that end a turn in the formats of chat that are in use, whether the model's files say so or not.
constexpr std::string_view turnEnds[] = {"<|im_end|>",    "<|eot_id|>", "<end_of_turn>", "<|end|>",
                                         "<|endoftext|>", "<|eom_id|>", "</s>",          "<|end_of_text|>"};

std::string_view weightText(const tensel_model *model, const char *name) {
  const void *data = nullptr;
  size_t size = 0;
  if (tensel_model_weight(model, name, &data, &size) != TENSEL_OK)
    return {};
  return {static_cast<const char *>(data), size};
}

/// What malloc has given out and not got back.
int64_t heldByMalloc() {
  const struct mallinfo2 info = mallinfo2();
  return static_cast<int64_t>(info.uordblks + info.hblkhd);
}

} // namespace

Result<LanguageModel> LanguageModel::open(const std::string &path) {
  const int64_t before = heldByMalloc();
  tensel_model *model = nullptr;
  tensel_error_t problem = {};
  if (tensel_model_load_file(path.c_str(), &model, &problem) != TENSEL_OK) {
    std::string message = problem.message;
    return Error{message.find(path) == std::string::npos ? "'" + path + "': " + message : message};
  }
  const std::string_view text = weightText(model, "text.tokenizer");
  Result<Tokenizer> words = text.empty() ? Result<Tokenizer>(Error{"found no tokenizer, expected a language model that has one"})
                                         : Tokenizer::fromText(std::string(text));
  if (!words) {
    tensel_model_destroy(model);
    return Error{"'" + path + "': " + words.message()};
  }
  LanguageModel opened(model, std::move(*words));
  if (auto error = opened.readSettings())
    return Error{"'" + path + "': " + error->message};
  opened.heldBytes = std::max<int64_t>(heldByMalloc() - before, 0);
  return opened;
}

std::optional<Error> LanguageModel::readSettings() {
  if (const std::string_view text = weightText(model, "text.settings"); !text.empty()) {
    auto json = JsonDocument::parse(std::string(text));
    if (!json)
      return Error{"text.settings: " + json.message()};
    bos = json->root().getString("bos_token", "");
    eos = json->root().getString("eos_token", "");
    if (const Json *list = json->root().get("end_ids"))
      for (const Json &id : JsonMembers(*list))
        if (id.isInteger() && id.integer >= 0)
          ends.insert(static_cast<TokenId>(id.integer));
    if (const Json *id = json->root().get("answer_start_id"); id && id->isInteger() && id->integer >= 0)
      start = static_cast<TokenId>(id->integer);
  }
  for (const std::string_view name : turnEnds)
    if (auto id = words.idOf(name); id && words.isSpecial(*id))
      ends.insert(*id);
  if (const std::string_view source = weightText(model, "text.chat_template"); !source.empty()) {
    auto parsed = ChatTemplate::parse(source);
    if (!parsed)
      return Error{"the chat template: " + parsed.message()};
    chat = std::move(*parsed);
  }
  return std::nullopt;
}

LanguageModel::LanguageModel(LanguageModel &&other) noexcept
    : model(std::exchange(other.model, nullptr)), words(std::move(other.words)), chat(std::move(other.chat)),
      bos(std::move(other.bos)), eos(std::move(other.eos)), ends(std::move(other.ends)), start(other.start),
      heldBytes(other.heldBytes) {}

LanguageModel::~LanguageModel() { tensel_model_destroy(model); }

Result<std::string> LanguageModel::renderChat(const std::vector<Message> &messages) const {
  if (!chat)
    return Error{"the model has no chat template: give the text as it is, with --raw"};
  std::string context = "{\"messages\": [";
  for (const Message &message : messages) {
    if (context.back() == '}')
      context += ", ";
    context += "{\"role\": " + quoteJson(message.role) + ", \"content\": " + quoteJson(lossyUtf8(message.content)) + "}";
  }
  context += "], \"add_generation_prompt\": true, \"bos_token\": " + quoteJson(bos) + ", \"eos_token\": " + quoteJson(eos) + "}";
  auto json = JsonDocument::parse(std::move(context));
  if (!json)
    return json.takeError();
  return chat->render(json->root());
}

bool LanguageModel::hasEncoder() const {
  return tensel_model_find_function(model, "encode") >= 0 && tensel_model_find_function(model, "decode") >= 0;
}

int64_t LanguageModel::longestContext() const {
  for (int32_t i = 0; i < tensel_model_symbol_count(model); ++i) {
    tensel_symbol_info symbol = {};
    if (tensel_model_symbol(model, i, &symbol) == TENSEL_OK && std::string_view(symbol.name) == "context")
      return symbol.max < 0 ? INT32_MAX : symbol.max;
  }
  return INT32_MAX;
}

} // namespace tensel::text
