// A compiled language model with its text side: a package opened by the runtime's public API, the tokenizer and the chat
// template that it carries, and the tokens that end an answer. Immutable; any number of TextContexts may share it.
#ifndef TENSEL_RUNTIME_LLM_LANGUAGEMODEL_H
#define TENSEL_RUNTIME_LLM_LANGUAGEMODEL_H

#include "runtime/include/tensel/runtime.h"
#include "runtime/llm/ChatTemplate.h"
#include "runtime/llm/Tokenizer.h"

#include <unordered_set>

namespace tensel::text {

/// One turn of a conversation; role is "system", "user" or "assistant".
struct Message {
  std::string role, content;
};

class LanguageModel {
public:
  /// Opens a package. Fails with one line when it is none, or has no tokenizer.
  static Result<LanguageModel> open(const std::string &path);
  LanguageModel(LanguageModel &&other) noexcept;
  LanguageModel &operator=(LanguageModel &&) = delete;
  ~LanguageModel();

  const tensel_model *handle() const { return model; }
  const Tokenizer &tokenizer() const { return words; }
  /// Whether a model that says `token` is done.
  bool isEnd(TokenId token) const { return ends.count(token) != 0; }
  bool hasChatTemplate() const { return chat.has_value(); }
  /// The conversation as the model was trained to read it, up to where the assistant speaks.
  Result<std::string> renderChat(const std::vector<Message> &messages) const;
  /// Whether it answers what an encoder reads (T5), instead of going on with a text.
  bool hasEncoder() const;
  /// What every answer of such a model begins with; not part of the answer.
  const std::optional<TokenId> &answerStart() const { return start; }
  /// The most tokens that a text may have.
  int64_t longestContext() const;
  /// What the tokenizer, the chat template and the tables of the package have of malloc's memory; measured while it was opened.
  int64_t textBytes() const { return heldBytes; }

private:
  LanguageModel(tensel_model *model, Tokenizer words) : model(model), words(std::move(words)) {}
  std::optional<Error> readSettings();

  tensel_model *model;
  Tokenizer words;
  std::optional<ChatTemplate> chat;
  std::string bos, eos;
  std::unordered_set<TokenId> ends;
  std::optional<TokenId> start;
  int64_t heldBytes = 0;
};

} // namespace tensel::text

#endif // TENSEL_RUNTIME_LLM_LANGUAGEMODEL_H
