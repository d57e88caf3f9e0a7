// A tokenizer: text to ids and back, the same ids as the `tokenizers` package gives for the same tokenizer.json. Immutable
// and safe to share between threads.
#ifndef TENSEL_RUNTIME_LLM_TOKENIZER_H
#define TENSEL_RUNTIME_LLM_TOKENIZER_H

#include "runtime/llm/ByteTrie.h"
#include "runtime/llm/Steps.h"

#include <optional>
#include <span>

namespace tensel::text {

/// A token that is looked for in the text before the model sees it.
struct AddedToken {
  std::string content;
  TokenId id = 0;
  bool special = false;    ///< left out when decoding for people
  bool normalized = false; ///< looked for in the normalized text, normalized itself
  bool leftStrip = false, rightStrip = false, singleWord = false;
};

/// What is put around a text: ids, and the places of the first and second text.
struct PostTemplate {
  struct Item {
    enum class Kind : uint8_t { Token, First, Second } kind;
    TokenId id;
    uint32_t type;
  };
  std::vector<Item> single, pair;
};

struct Encoding {
  std::vector<TokenId> ids;
  std::vector<uint32_t> types; ///< which text an id belongs to, as BERT has it
};

/// What a tokenizer is made of. Any step but the model may be missing.
struct TokenizerParts {
  NormalizerPtr normalizer;
  PreTokenizerPtr preTokenizer;
  ModelPtr model;
  DecoderPtr decoder;
  std::vector<AddedToken> added; ///< ids are given by `content` where the model knows it
  std::vector<PostTemplate> post;
};

/// The tokenizer of a GGUF file, as its metadata has it (tokenizer.ggml.*).
struct GgufVocabulary {
  std::string model; ///< "gpt2", "llama", "bert", "t5", "rwkv"
  std::string pre;   ///< name of the pre-tokenizer, for gpt2
  std::vector<std::string> tokens;
  std::vector<float> scores;       ///< empty or one a token
  std::vector<int32_t> types;      ///< empty or one a token: 1 normal, 2 unknown, 3 control, 4 user, 5 unused, 6 byte
  std::vector<std::string> merges; ///< "left right"
  std::string charsMap;            ///< precompiled_charsmap
  std::optional<TokenId> bos, eos, unknown, separator;
  std::optional<bool> addBos, addEos, addSpacePrefix, removeExtraSpaces;
};

class Tokenizer {
public:
  /// Reads a tokenizer.json. Truncation and padding that it may ask for are the caller's business.
  static Result<Tokenizer> fromJson(std::string text);
  static Result<Tokenizer> fromGguf(const GgufVocabulary &vocabulary);
  /// From a tokenizer.json, or from GGUF's tokenizer.ggml.* metadata written as one JSON object under its own keys.
  static Result<Tokenizer> fromText(std::string text);
  static Result<Tokenizer> fromParts(TokenizerParts parts);

  /// Ids of `text`, where bytes that are not UTF-8 count as U+FFFD. With `addSpecial`, also what the model expects around it.
  Result<std::vector<TokenId>> encode(std::string_view text, bool addSpecial) const;
  /// As encode for one text or, with `second`, two.
  Result<Encoding> encodePair(std::string_view first, const std::string_view *second, bool addSpecial) const;
  /// Ids that the tokenizer does not know are left out.
  std::string decode(std::span<const TokenId> ids, bool skipSpecial) const;

  std::optional<TokenId> idOf(std::string_view token) const;
  /// The token's text in the vocabulary, or null.
  const std::string *textOf(TokenId id) const;
  bool isSpecial(TokenId id) const;
  /// Number of different tokens, added ones included.
  size_t size() const;

private:
  explicit Tokenizer(TokenizerParts parts) : parts(std::move(parts)) {}

  struct Segment {
    NormalizedText text;
    std::optional<TokenId> id;
  };
  std::optional<Error> addTokens();
  void cut(NormalizedText text, const ByteTrie &trie, std::vector<Segment> &out) const;
  bool encodeText(std::string_view text, std::vector<TokenId> &out, std::string &message) const;
  std::vector<TokenId> applyPost(const std::vector<TokenId> &first, const std::vector<TokenId> *second,
                                 std::vector<uint32_t> &types) const;

  TokenizerParts parts;
  ByteTrie rawTrie, normalizedTrie; // values are places in parts.added
  FlatMap<uint32_t> addedById;      // likewise
  Vocabulary addedTexts;
};

} // namespace tensel::text

#endif // TENSEL_RUNTIME_LLM_TOKENIZER_H
