// The text that is held back is shorter than the longest stop string, so each piece costs its own length and that.
#include "runtime/llm/StopStrings.h"

#include <algorithm>
#include <utility>

namespace tensel::text {

StopStrings::StopStrings(std::vector<std::string> given) : strings(std::move(given)) {
  std::erase_if(strings, [](const std::string &text) { return text.empty(); });
}

std::string StopStrings::add(std::string_view piece) {
  if (found)
    return {};
  held += piece;
  size_t end = std::string::npos;
  for (const std::string &text : strings)
    end = std::min(end, held.find(text));
  if (end != std::string::npos) {
    found = true;
    std::string out = held.substr(0, end);
    held.clear();
    return out;
  }
  // The longest end of the text that a stop string starts with.
  size_t keep = 0;
  for (const std::string &text : strings)
    for (size_t length = std::min(text.size() - 1, held.size()); length > keep; --length)
      if (held.compare(held.size() - length, length, text, 0, length) == 0)
        keep = length;
  std::string out = held.substr(0, held.size() - keep);
  held.erase(0, out.size());
  return out;
}

std::string StopStrings::finish() { return std::exchange(held, {}); }

} // namespace tensel::text
