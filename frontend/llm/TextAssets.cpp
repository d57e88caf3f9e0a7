// Collects the text side of GGUF files and Hugging Face folders; see TextAssets.h.
#include "frontend/llm/TextAssets.h"

#include "frontend/gguf/File.h"
#include "frontend/huggingface/Folder.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace tensel;
using namespace tensel::llm;
namespace json = llvm::json;

namespace {
std::string dump(json::Value value) {
  std::string text;
  llvm::raw_string_ostream(text) << value;
  return text;
}

json::Value toJson(const gguf::Value &value) {
  if (std::optional<std::string_view> text = value.asString())
    return json::isUTF8({text->data(), text->size()}) ? std::string(*text) : json::fixUTF8({text->data(), text->size()});
  if (std::optional<bool> flag = value.asBool())
    return *flag;
  if (std::optional<int64_t> integer = value.asSigned())
    return *integer;
  if (std::optional<gguf::Array> array = value.asArray()) {
    json::Array items;
    while (std::optional<gguf::Value> element = array->next())
      items.push_back(toJson(*element));
    return items;
  }
  return value.asNumber().value_or(0);
}

/// The tokenizer's metadata as it is, under its own keys.
void readGgufTexts(const gguf::File &file, TextAssets &assets) {
  json::Object tokenizer;
  for (const gguf::Entry &entry : file.metadata)
    if (entry.key.starts_with("tokenizer.ggml.") && json::isUTF8({entry.key.data(), entry.key.size()}))
      tokenizer[llvm::StringRef(entry.key.data(), entry.key.size())] = toJson(entry.value());
  json::Array ends;
  for (const char *key : {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"})
    if (std::optional<gguf::Value> id = file.find(key); id && id->asSigned())
      ends.push_back(*id->asSigned());
  auto tokenAt = [&](const char *key) -> std::string {
    std::optional<gguf::Value> id = file.find(key);
    const json::Array *tokens = tokenizer.getArray("tokenizer.ggml.tokens");
    std::optional<uint64_t> index = id ? id->asUnsigned() : std::nullopt;
    return tokens && index && *index < tokens->size() ? (*tokens)[*index].getAsString().value_or("").str() : "";
  };
  json::Object settings{{"bos_token", tokenAt("tokenizer.ggml.bos_token_id")},
                        {"eos_token", tokenAt("tokenizer.ggml.eos_token_id")},
                        {"end_ids", std::move(ends)}};
  std::optional<gguf::Value> architecture = file.find("general.architecture");
  std::string prefix(architecture ? architecture->asString().value_or("") : "");
  if (std::optional<gguf::Value> id = file.find(prefix + ".decoder_start_token_id"); id && id->asSigned())
    settings["answer_start_id"] = *id->asSigned();
  assets.settings = dump(std::move(settings));
  if (std::optional<gguf::Value> text = file.find("tokenizer.chat_template"))
    assets.chatTemplate = text->asString().value_or("");
  if (tokenizer.find("tokenizer.ggml.tokens") != tokenizer.end())
    assets.tokenizer = dump(std::move(tokenizer));
}

/// A special token is a text, or an object with its content.
std::string tokenText(const Json &config, std::string_view name) {
  std::optional<Json> token = config.find(name);
  if (token && token->kind() == Json::Kind::Object)
    token = token->find("content");
  return token ? token->asString().value_or("") : "";
}

/// One template, or a list of {name, template} of which "default" counts.
std::string templateText(const Json &config) {
  std::optional<Json> found = config.find("chat_template");
  if (!found)
    return "";
  if (std::optional<std::string> text = found->asString())
    return *text;
  for (JsonItems items(*found); items.next();)
    if (std::optional<Json> name = items.value().find("name"); name && name->asString() == "default")
      if (std::optional<Json> text = items.value().find("template"))
        return text->asString().value_or("");
  return "";
}

/// The whole of a file of the folder; empty when it is not there.
std::string readBeneath(const std::string &folder, const char *name) {
  std::string ignored;
  std::shared_ptr<MappedFile> file = MappedFile::openBeneath(folder, name, "model file", ignored);
  return file ? std::string(reinterpret_cast<const char *>(file->bytes().data()), file->bytes().size()) : "";
}

/// What the answers of a model with an encoder begin with. T5's is padding where its files do not say otherwise.
std::optional<int64_t> answerStart(const huggingface::Folder &folder) {
  const Json &config = folder.config.json;
  for (const Json *json : {folder.generationConfig ? &folder.generationConfig->json : nullptr, &config})
    if (std::optional<Json> id = json ? json->find("decoder_start_token_id") : std::nullopt; id && id->asInteger())
      return id->asInteger();
  std::optional<Json> hasEncoder = config.find("is_encoder_decoder"), padding = config.find("pad_token_id");
  return hasEncoder && hasEncoder->asBool().value_or(false) && padding ? padding->asInteger() : std::nullopt;
}

void readFolderTexts(const huggingface::Folder &folder, TextAssets &assets) {
  json::Array ends;
  const Json *configs[] = {folder.generationConfig ? &folder.generationConfig->json : nullptr, &folder.config.json};
  for (const Json *config : configs) {
    std::optional<Json> id = config ? config->find("eos_token_id") : std::nullopt;
    if (!id || !ends.empty())
      continue;
    if (std::optional<int64_t> one = id->asInteger())
      ends.push_back(*one);
    for (JsonItems items(*id); items.next();)
      if (std::optional<int64_t> one = items.value().asInteger())
        ends.push_back(*one);
  }
  std::string bos, eos;
  if (folder.tokenizerConfig) {
    bos = tokenText(folder.tokenizerConfig->json, "bos_token");
    eos = tokenText(folder.tokenizerConfig->json, "eos_token");
    assets.chatTemplate = templateText(folder.tokenizerConfig->json);
  }
  if (std::string text = readBeneath(folder.path, "chat_template.jinja"); !text.empty())
    assets.chatTemplate = text;
  json::Object settings{{"bos_token", bos}, {"eos_token", eos}, {"end_ids", std::move(ends)}};
  if (std::optional<int64_t> start = answerStart(folder))
    settings["answer_start_id"] = *start;
  assets.settings = dump(std::move(settings));
  if (!folder.tokenizer.empty())
    assets.tokenizer = readBeneath(folder.path, "tokenizer.json");
}
} // namespace

bool llm::readTextAssets(llvm::StringRef path, TextAssets &assets, std::string &error) {
  if (path.ends_with(".gguf")) {
    std::optional<gguf::File> file = gguf::File::open(path.str(), error);
    if (file)
      readGgufTexts(*file, assets);
    return file.has_value();
  }
  std::optional<huggingface::Folder> folder = huggingface::Folder::open(path.str(), error);
  if (folder)
    readFolderTexts(*folder, assets);
  return folder.has_value();
}
