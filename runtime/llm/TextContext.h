// A text that a model reads and writes: its tokens, and the model's state after them (keys and values, or whatever else the
// model carries from call to call). Belongs to one thread.
#ifndef TENSEL_RUNTIME_LLM_TEXTCONTEXT_H
#define TENSEL_RUNTIME_LLM_TEXTCONTEXT_H

#include "runtime/llm/LanguageModel.h"

#include <functional>
#include <span>

namespace tensel::text {

struct ContextOptions {
  int64_t capacity = 4096; ///< most tokens
  int64_t chunk = 256;     ///< most tokens that are read at once
  int32_t threads = 0;     ///< 0: one for each CPU
};

/// Takes the logits of the token after the one at `position`.
using LogitsSink = std::function<void(size_t position, std::span<const float> logits)>;

class TextContext {
public:
  /// `model` must outlive this. Everything that later calls need is allocated here.
  static Result<TextContext> create(const LanguageModel &model, const ContextOptions &options);
  TextContext(TextContext &&) noexcept = default;
  TextContext &operator=(TextContext &&) noexcept = default;

  /// Appends tokens; the logits of the token that follows, valid until the next call. Fails when they pass the capacity.
  Result<std::span<const float>> append(std::span<const TokenId> tokens);
  /// Makes the text `tokens`, of which only those are read that it does not begin with yet; `read`, when given, counts them.
  Result<std::span<const float>> become(std::span<const TokenId> tokens, size_t *read = nullptr);
  /// As append, but gives the logits after each token. The model must have the function `score`.
  std::optional<Error> score(std::span<const TokenId> tokens, const LogitsSink &sink);
  /// Forgets all tokens.
  void clear();

  const std::vector<TokenId> &tokens() const { return text; }
  int64_t capacity() const { return options.capacity; }

private:
  struct SessionDeleter {
    void operator()(tensel_session *session) const { tensel_session_destroy(session); }
  };
  /// A function of the model with its session; which of its outputs are the states' next values.
  struct Step {
    std::unique_ptr<tensel_session, SessionDeleter> session;
    int32_t logits = -1;
    bool hasLast = false;
    std::vector<int32_t> next; // per state
  };
  struct State {
    std::string name;
    std::vector<int64_t> dims;
    std::vector<uint64_t> bytes; // 8-byte aligned
    size_t size = 0;
    tensel_elem_type type = TENSEL_F32;
    bool isPositional = true; // indexed by position: what stands behind the last token does not count
  };

  TextContext(const LanguageModel &model, const ContextOptions &options) : model(&model), options(options) {}
  std::optional<Error> open(Step &step, const char *name, int64_t length);
  std::optional<Error> findStates(int32_t function);
  std::optional<Error> checkRoom(size_t count) const;
  std::optional<Error> run(Step &step, std::span<const TokenId> tokens);
  Result<std::span<const float>> logitsOf(const Step &step) const;

  const LanguageModel *model;
  ContextOptions options;
  Step prefill, decode, scoring; // the last is opened when it is asked for
  std::vector<State> states;
  std::vector<TokenId> text;
  std::vector<int64_t> ids;
};

} // namespace tensel::text

#endif // TENSEL_RUNTIME_LLM_TEXTCONTEXT_H
