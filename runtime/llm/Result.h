// A value or the message that says why there is none: how the text side of the runtime reports errors, without exceptions.
#ifndef TENSEL_RUNTIME_LLM_RESULT_H
#define TENSEL_RUNTIME_LLM_RESULT_H

#include <optional>
#include <string>
#include <utility>

namespace tensel::text {

/// Why something failed: lower case, no full stop, found and expected.
struct Error {
  std::string message;
};

/// Holds a T, or the Error that explains its absence.
template <typename T>
class Result {
public:
  // Implicit on purpose: `return value;` and `return Error{...};` both read well.
  Result(T value) : value(std::move(value)) {}
  Result(Error error) : failure(std::move(error)) {}

  explicit operator bool() const { return value.has_value(); }
  T &operator*() { return *value; }
  const T &operator*() const { return *value; }
  T *operator->() { return &*value; }
  const T *operator->() const { return &*value; }
  const std::string &message() const { return failure.message; }
  Error takeError() { return std::move(failure); }

private:
  std::optional<T> value;
  Error failure;
};

} // namespace tensel::text

#endif // TENSEL_RUNTIME_LLM_RESULT_H
