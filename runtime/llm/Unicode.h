// What the tokenizers need of Unicode: UTF-8 in and out, categories, case, normalization forms. The tables are utf8proc's;
// every function is linear in the text (utf8proc's own reordering of combining marks is not).
#ifndef TENSEL_RUNTIME_LLM_UNICODE_H
#define TENSEL_RUNTIME_LLM_UNICODE_H

#include <cstdint>
#include <string>
#include <string_view>

namespace tensel::text {

constexpr char32_t replacementChar = 0xFFFD;

/// Whether `text` is well formed (no surrogates, no overlong forms).
bool isUtf8(std::string_view text);
/// `bytes` with each maximal ill-formed part replaced by U+FFFD, as Rust's from_utf8_lossy and the Unicode standard do.
std::string lossyUtf8(std::string_view bytes);
/// How many bytes at the end of `text` begin a sequence that later bytes may complete (0 to 3).
size_t incompleteUtf8Tail(std::string_view text);
/// The code point at `at`, which is moved behind it. `text` is UTF-8 and `at` a boundary.
char32_t decodeUtf8(std::string_view text, size_t &at);
/// The boundary before `at`, which is not 0.
size_t previousUtf8(std::string_view text, size_t at);
void appendUtf8(std::string &out, char32_t c);
size_t countUtf8(std::string_view text);

/// Bit masks of general categories: `categoryBit(c) & letters`.
uint32_t categoryBit(char32_t c);
extern const uint32_t letters, marks, numbers, punctuation, symbols, separators, others;
/// The mask of a category's name as regular expressions write it ("L", "Lu", "Letter"); 0 when there is none.
uint32_t categoryMask(std::string_view name);

bool isSpace(char32_t c);    ///< White_Space
bool isNumeric(char32_t c);  ///< Nd, Nl, No
bool isWordChar(char32_t c); ///< \w: alphabetic, marks, decimal digits, connectors
bool isAsciiPunct(char32_t c);
char32_t lowerChar(char32_t c);
char32_t upperChar(char32_t c);
/// Each character's full lower case, without looking at its neighbours.
std::string lowercase(std::string_view text);

enum class NormalForm : uint8_t { Nfc, Nfd, Nfkc, Nfkd };
std::string normalizeUnicode(std::string_view text, NormalForm form);

/// The end of the extended grapheme cluster that starts at `at`.
size_t graphemeEnd(std::string_view text, size_t at);

} // namespace tensel::text

#endif // TENSEL_RUNTIME_LLM_UNICODE_H
