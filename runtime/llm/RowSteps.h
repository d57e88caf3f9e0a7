// The states of some texts, a row each, and the functions of the model that read tokens onto them: what a TextContext (one text)
// and a TextBatch (several) stand on. A row of every state is contiguous, so a function may run on any rows that are neighbours.
// Nothing is allocated after `create`, but for `score` on its first use and the ids of `listen`. Belongs to one thread.
#ifndef TENSEL_RUNTIME_LLM_ROWSTEPS_H
#define TENSEL_RUNTIME_LLM_ROWSTEPS_H

#include "runtime/llm/Session.h"
#include "runtime/llm/SourceTexts.h"

namespace tensel::text {

struct ContextOptions {
  int64_t capacity = 4096; ///< most tokens of a text
  int64_t chunk = 256;     ///< most tokens that are read at once
  int64_t source = 0;      ///< most tokens of a text that an encoder reads; 0: as many as the model can
  int32_t threads = 0;     ///< 0: one for each CPU
  bool scores = false;     ///< makes what `score` takes at once, not on its first use
  int64_t events = 0;      ///< how many events each session keeps (tensel_session_options); 0: none is profiled
};

/// A function of the model and the session that runs it.
struct OpenSession {
  int32_t function;
  const tensel_session *session;
};

/// What contexts take besides the weights, which are mapped.
struct ContextMemory {
  int64_t arenaBytes = 0; ///< of all sessions, as laid out when they were made
  int64_t stateBytes = 0; ///< of all states, and of what an encoder made of the texts that are answered
  int64_t tableBytes = 0; ///< of the sessions' tables, and their threads' stacks
  int64_t total() const { return arenaBytes + stateBytes + tableBytes; }
  void add(const tensel_session *session);
};

class RowSteps {
public:
  /// `model` must outlive this. `options` are clamped to what the model can do; `rows` must be at most `mostRows`.
  static Result<RowSteps> create(const LanguageModel &model, const ContextOptions &options, int64_t rows);
  /// How many texts the model can write at once.
  static int64_t mostRows(const LanguageModel &model);

  /// Reads `tokens`, at most a chunk, after the `past` tokens of a row; the logits of the token that follows. These, and those
  /// of the functions below, are valid until the next call.
  Result<std::span<const float>> read(int64_t row, std::span<const TokenId> tokens, int64_t past);
  /// Reads a token each onto the first rows; the logits [rows, vocabulary] of the tokens that follow.
  Result<std::span<const float>> readEach(std::span<const TokenId> tokens, std::span<const int64_t> past);
  /// As `read`, but gives the logits after each token: [tokens, vocabulary]. The model must have the function `score`.
  Result<std::span<const float>> score(int64_t row, std::span<const TokenId> tokens, int64_t past);

  /// Whether the model has an encoder, so that each row answers the text that `listen` gave it.
  bool listens() const { return sources.has_value(); }
  /// Makes `source`, at most `settings().source` tokens, the text that a row answers. Its states stay: see `clear`.
  std::optional<Error> listen(int64_t row, std::span<const TokenId> source) { return sources->encode(row, source); }
  /// Makes a row's states what they are before its first token. It still answers the same text.
  void clear(int64_t row);
  /// Makes the states of row `to`, and the text that it answers, those of row `from`.
  void copy(int64_t from, int64_t to);
  /// Whether the states are indexed by position, so that what stands behind a row's last token does not count.
  bool isPositional() const;
  const ContextOptions &settings() const { return options; }
  ContextMemory memory() const;
  std::vector<OpenSession> sessions() const;

private:
  /// A function of the model with its session; `states` are the indices of its inputs that are states.
  struct Step {
    Session session;
    int32_t logits = -1;
    bool hasLast = false;
    std::vector<int32_t> states;
  };
  struct State {
    std::string name;
    std::vector<int64_t> dims; // [rows, ...]
    RowMemory memory;
    tensel_elem_type type = TENSEL_F32;
    bool isPositional = false;
  };

  RowSteps(const LanguageModel &model, const ContextOptions &options) : model(&model), options(options) {}
  std::optional<Error> findStates(int64_t rows);
  std::optional<Error> open(Step &step, const char *name, int64_t rows, int64_t length);
  Result<std::span<const float>> run(Step &step, int64_t row, std::span<const TokenId> tokens, std::span<const int64_t> past);

  const LanguageModel *model;
  ContextOptions options;
  Step prefill, decode, scoring; // the last is opened when it is asked for
  std::vector<State> states;
  std::optional<SourceTexts> sources;
  std::vector<int64_t> ids;
};

} // namespace tensel::text

#endif // TENSEL_RUNTIME_LLM_ROWSTEPS_H
