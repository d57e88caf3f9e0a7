// Ends a stream of text at the first of some strings, and holds back what may be the beginning of one.
#ifndef TENSEL_RUNTIME_LLM_STOPSTRINGS_H
#define TENSEL_RUNTIME_LLM_STOPSTRINGS_H

#include <string>
#include <string_view>
#include <vector>

namespace tensel::text {

class StopStrings {
public:
  /// Empty strings are ignored.
  explicit StopStrings(std::vector<std::string> strings);

  /// Takes the next piece; returns what is certain to stand before any stop string. Once one was found, nothing more.
  std::string add(std::string_view piece);
  /// What was held back, at the end of the text.
  std::string finish();
  bool stopped() const { return found; }

private:
  std::vector<std::string> strings;
  std::string held;
  bool found = false;
};

} // namespace tensel::text

#endif // TENSEL_RUNTIME_LLM_STOPSTRINGS_H
