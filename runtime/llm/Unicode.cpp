// UTF-8 by the table of well-formed sequences (Unicode 15, table 3-7), the rest on utf8proc's tables.
#include "runtime/llm/Unicode.h"

#include <algorithm>
#include <utf8proc.h>
#include <vector>

namespace tensel::text {

namespace {

/// Length of the well-formed sequence at `at`; 0 when ill formed, and then `bad` is the length of the maximal ill-formed part
/// and `open` whether only the end of the text cuts it off.
size_t sequenceLength(std::string_view text, size_t at, size_t &bad, bool &open) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(at);
  bad = 1;
  open = false;
  if (lead < 0x80)
    return 1;
  if (lead < 0xC2 || lead > 0xF4)
    return 0;
  const size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  unsigned low = 0x80, high = 0xBF;
  if (lead == 0xE0)
    low = 0xA0;
  else if (lead == 0xED)
    high = 0x9F;
  else if (lead == 0xF0)
    low = 0x90;
  else if (lead == 0xF4)
    high = 0x8F;
  for (; bad < length; ++bad, low = 0x80, high = 0xBF) {
    if (at + bad >= text.size()) {
      open = true;
      return 0;
    }
    if (byte(at + bad) < low || byte(at + bad) > high)
      return 0;
  }
  return length;
}

constexpr uint32_t bit(int category) noexcept { return 1U << category; }

bool isExtraAlphabetic(char32_t c) {
  return (c >= 0x24B6 && c <= 0x24E9) || (c >= 0x1F130 && c <= 0x1F149) || (c >= 0x1F150 && c <= 0x1F169) ||
         (c >= 0x1F170 && c <= 0x1F189);
}

uint64_t combining(utf8proc_int32_t c) { return utf8proc_get_property(c)->combining_class; }

/// Sorts a run of combining marks by class; those of one class stay in order.
void sortMarks(std::vector<utf8proc_int32_t> &chars, size_t begin, size_t end) {
  std::vector<std::pair<uint64_t, utf8proc_int32_t>> keyed;
  for (size_t i = begin; i < end; ++i)
    keyed.emplace_back(combining(chars[i]) << 48 | i, chars[i]);
  std::sort(keyed.begin(), keyed.end());
  for (size_t i = begin; i < end; ++i)
    chars[i] = keyed[i - begin].second;
}

} // namespace

constinit const uint32_t letters = bit(UTF8PROC_CATEGORY_LU) | bit(UTF8PROC_CATEGORY_LL) | bit(UTF8PROC_CATEGORY_LT) |
                                   bit(UTF8PROC_CATEGORY_LM) | bit(UTF8PROC_CATEGORY_LO);
constinit const uint32_t marks = bit(UTF8PROC_CATEGORY_MN) | bit(UTF8PROC_CATEGORY_MC) | bit(UTF8PROC_CATEGORY_ME);
constinit const uint32_t numbers = bit(UTF8PROC_CATEGORY_ND) | bit(UTF8PROC_CATEGORY_NL) | bit(UTF8PROC_CATEGORY_NO);
constinit const uint32_t punctuation = bit(UTF8PROC_CATEGORY_PC) | bit(UTF8PROC_CATEGORY_PD) | bit(UTF8PROC_CATEGORY_PS) |
                                       bit(UTF8PROC_CATEGORY_PE) | bit(UTF8PROC_CATEGORY_PI) | bit(UTF8PROC_CATEGORY_PF) |
                                       bit(UTF8PROC_CATEGORY_PO);
constinit const uint32_t symbols =
    bit(UTF8PROC_CATEGORY_SM) | bit(UTF8PROC_CATEGORY_SC) | bit(UTF8PROC_CATEGORY_SK) | bit(UTF8PROC_CATEGORY_SO);
constinit const uint32_t separators = bit(UTF8PROC_CATEGORY_ZS) | bit(UTF8PROC_CATEGORY_ZL) | bit(UTF8PROC_CATEGORY_ZP);
constinit const uint32_t others = bit(UTF8PROC_CATEGORY_CC) | bit(UTF8PROC_CATEGORY_CF) | bit(UTF8PROC_CATEGORY_CS) |
                                  bit(UTF8PROC_CATEGORY_CO) | bit(UTF8PROC_CATEGORY_CN);

bool isUtf8(std::string_view text) {
  size_t bad = 0;
  bool open = false;
  for (size_t at = 0; at < text.size();) {
    const size_t length = sequenceLength(text, at, bad, open);
    if (!length)
      return false;
    at += length;
  }
  return true;
}

std::string lossyUtf8(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  size_t bad = 0;
  bool open = false;
  for (size_t at = 0; at < bytes.size();) {
    const size_t length = sequenceLength(bytes, at, bad, open);
    if (length)
      out.append(bytes, at, length);
    else
      out += "\xEF\xBF\xBD";
    at += length ? length : bad;
  }
  return out;
}

size_t incompleteUtf8Tail(std::string_view text) {
  size_t bad = 0;
  bool open = false;
  for (size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xC0) == 0x80)
      continue;
    sequenceLength(text, text.size() - back, bad, open);
    return open ? back : 0;
  }
  return 0;
}

char32_t decodeUtf8(std::string_view text, size_t &at) {
  const auto byte = [&](size_t i) -> char32_t { return i < text.size() ? static_cast<unsigned char>(text[i]) & 0x3F : 0; };
  const auto lead = static_cast<unsigned char>(text[at]);
  if (lead < 0x80) {
    ++at;
    return lead;
  }
  char32_t c = replacementChar;
  size_t length = 1;
  if (lead >= 0xF0) {
    c = static_cast<char32_t>(lead & 7) << 18 | byte(at + 1) << 12 | byte(at + 2) << 6 | byte(at + 3);
    length = 4;
  } else if (lead >= 0xE0) {
    c = static_cast<char32_t>(lead & 15) << 12 | byte(at + 1) << 6 | byte(at + 2);
    length = 3;
  } else if (lead >= 0xC0) {
    c = static_cast<char32_t>(lead & 31) << 6 | byte(at + 1);
    length = 2;
  }
  at = std::min(at + length, text.size());
  return c;
}

size_t previousUtf8(std::string_view text, size_t at) {
  do
    --at;
  while (at && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80);
  return at;
}

void appendUtf8(std::string &out, char32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | c >> 6);
    out += static_cast<char>(0x80 | (c & 63));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | c >> 12);
    out += static_cast<char>(0x80 | (c >> 6 & 63));
    out += static_cast<char>(0x80 | (c & 63));
  } else {
    out += static_cast<char>(0xF0 | c >> 18);
    out += static_cast<char>(0x80 | (c >> 12 & 63));
    out += static_cast<char>(0x80 | (c >> 6 & 63));
    out += static_cast<char>(0x80 | (c & 63));
  }
}

size_t countUtf8(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

uint32_t categoryBit(char32_t c) { return bit(utf8proc_category(static_cast<utf8proc_int32_t>(c))); }

uint32_t categoryMask(std::string_view name) {
  static constexpr std::string_view shortNames[] = {"Cn", "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd",
                                                    "Nl", "No", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm",
                                                    "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co"};
  const auto *found = std::find(std::begin(shortNames), std::end(shortNames), name);
  if (found != std::end(shortNames))
    return bit(static_cast<int>(found - shortNames));
  const struct {
    std::string_view name, longName;
    uint32_t mask;
  } groups[] = {
      {"L", "Letter", letters}, {"M", "Mark", marks},           {"N", "Number", numbers}, {"P", "Punctuation", punctuation},
      {"S", "Symbol", symbols}, {"Z", "Separator", separators}, {"C", "Other", others}};
  for (const auto &group : groups)
    if (name == group.name || name == group.longName)
      return group.mask;
  return 0;
}

bool isSpace(char32_t c) {
  return (c >= 9 && c <= 13) || c == ' ' || c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) ||
         c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool isNumeric(char32_t c) { return categoryBit(c) & numbers; }

bool isWordChar(char32_t c) {
  const uint32_t word = letters | marks | bit(UTF8PROC_CATEGORY_ND) | bit(UTF8PROC_CATEGORY_NL) | bit(UTF8PROC_CATEGORY_PC);
  return (categoryBit(c) & word) || isExtraAlphabetic(c);
}

bool isAsciiPunct(char32_t c) {
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

char32_t lowerChar(char32_t c) { return utf8proc_tolower(static_cast<utf8proc_int32_t>(c)); }
char32_t upperChar(char32_t c) { return utf8proc_toupper(static_cast<utf8proc_int32_t>(c)); }

std::string lowercase(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const char32_t c = decodeUtf8(text, at);
    if (c == 0x130) // the one character whose lower case is two
      out += "i\xCC\x87";
    else
      appendUtf8(out, lowerChar(c));
  }
  return out;
}

std::string normalizeUnicode(std::string_view text, NormalForm form) {
  // ASCII is its own normal form.
  if (std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; }))
    return std::string(text);
  const bool compat = form == NormalForm::Nfkc || form == NormalForm::Nfkd;
  const bool compose = form == NormalForm::Nfc || form == NormalForm::Nfkc;
  const auto options = static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | (compat ? UTF8PROC_COMPAT : 0));
  std::vector<utf8proc_int32_t> chars;
  chars.reserve(text.size() + 1);
  int boundClass = 0;
  for (size_t at = 0; at < text.size();) {
    const auto c = static_cast<utf8proc_int32_t>(decodeUtf8(text, at));
    utf8proc_int32_t parts[32];
    const auto count = utf8proc_decompose_char(c, parts, 32, options, &boundClass);
    if (count < 0 || count > 32)
      chars.push_back(c);
    else
      chars.insert(chars.end(), parts, parts + count);
  }
  for (size_t begin = 0; begin < chars.size();) {
    size_t end = begin;
    while (end < chars.size() && combining(chars[end]))
      ++end;
    if (end - begin > 1)
      sortMarks(chars, begin, end);
    begin = end + 1;
  }
  size_t count = chars.size();
  if (compose) {
    chars.push_back(0); // utf8proc may end the text with a zero
    const auto left = utf8proc_normalize_utf32(chars.data(), static_cast<utf8proc_ssize_t>(count),
                                               static_cast<utf8proc_option_t>(UTF8PROC_COMPOSE | UTF8PROC_STABLE));
    count = left < 0 ? count : static_cast<size_t>(left);
  }
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < count; ++i)
    appendUtf8(out, static_cast<char32_t>(chars[i]));
  return out;
}

size_t graphemeEnd(std::string_view text, size_t at) {
  utf8proc_int32_t state = 0;
  char32_t previous = decodeUtf8(text, at);
  while (at < text.size()) {
    size_t next = at;
    const char32_t c = decodeUtf8(text, next);
    if (utf8proc_grapheme_break_stateful(static_cast<utf8proc_int32_t>(previous), static_cast<utf8proc_int32_t>(c), &state))
      break;
    previous = c;
    at = next;
  }
  return at;
}

} // namespace tensel::text
