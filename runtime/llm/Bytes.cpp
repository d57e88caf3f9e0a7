// Two spellings of single bytes as tokens: GPT-2's printable stand-ins and SentencePiece's <0x0A>.
#include "runtime/llm/Steps.h"

#include <array>

namespace tensel::text {

namespace {

struct StandIns {
  std::array<std::string, 256> texts;
  std::array<int, 0x144> bytes; // by code point

  StandIns() {
    bytes.fill(-1);
    char32_t next = 256;
    for (unsigned byte = 0; byte < 256; ++byte) {
      const bool printable = (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
      const char32_t c = printable ? byte : next++;
      appendUtf8(texts[byte], c);
      bytes[c] = static_cast<int>(byte);
    }
  }
};

const StandIns &standIns() {
  static const StandIns table;
  return table;
}

int hexDigit(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if ((c | 32) >= 'a' && (c | 32) <= 'f')
    return (c | 32) - 'a' + 10;
  return -1;
}

} // namespace

std::string_view byteStandIn(unsigned char byte) { return standIns().texts[byte]; }

int byteOfStandIn(char32_t c) { return c < standIns().bytes.size() ? standIns().bytes[c] : -1; }

int byteOfFallback(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>')
    return -1;
  const int high = hexDigit(token[3]), low = hexDigit(token[4]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

std::string fallbackOfByte(unsigned char byte) {
  static constexpr char digits[] = "0123456789ABCDEF";
  return std::string("<0x") + digits[byte >> 4] + digits[byte & 15] + ">";
}

bool replaceAll(const Pattern &pattern, std::string_view content, std::string &text) {
  std::vector<MatchRange> ranges;
  if (!pattern.findAll(text, ranges))
    return false;
  std::string out;
  out.reserve(text.size());
  for (const MatchRange &range : ranges) {
    if (range.isMatch)
      out += content;
    else
      out.append(text, range.begin, range.end - range.begin);
  }
  text = std::move(out);
  return true;
}

} // namespace tensel::text
