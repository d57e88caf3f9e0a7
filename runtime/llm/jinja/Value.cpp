// Python's printing, comparing and JSON of template values.
#include "runtime/llm/jinja/Value.h"

#include "runtime/llm/Unicode.h"
#include "runtime/llm/jinja/Callable.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace tensel::text::jinja {

namespace {

constexpr int deepest = 200;
constexpr size_t largest = 64 << 20;

std::string reprString(const std::string &text) {
  const char quote = text.find('\'') != std::string::npos && text.find('"') == std::string::npos ? '"' : '\'';
  static constexpr char digits[] = "0123456789abcdef";
  std::string out(1, quote);
  const auto escape = [&](char kind, char32_t c, int count) {
    out += '\\';
    out += kind;
    for (int shift = 4 * (count - 1); shift >= 0; shift -= 4)
      out += digits[c >> shift & 15];
  };
  for (size_t at = 0; at < text.size();) {
    const char32_t c = decodeUtf8(text, at);
    const bool printable = c == ' ' || !(categoryBit(c) & (others | separators));
    if (c == static_cast<char32_t>(quote) || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c == '\n' || c == '\r' || c == '\t') {
      out += c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t";
    } else if (printable) {
      appendUtf8(out, c);
    } else if (c < 0x100) {
      escape('x', c, 2);
    } else if (c < 0x10000) {
      escape('u', c, 4);
    } else {
      escape('U', c, 8);
    }
  }
  return out + quote;
}

void print(const Value &value, std::string &out, int depth) {
  if (depth > deepest || out.size() > largest) {
    out += "...";
    return;
  }
  switch (value.kind()) {
  case Value::Kind::Undefined:
    break;
  case Value::Kind::None:
    out += "None";
    break;
  case Value::Kind::Bool:
    out += value.asInt() ? "True" : "False";
    break;
  case Value::Kind::Int:
    out += std::to_string(value.asInt());
    break;
  case Value::Kind::Float:
    out += reprReal(value.asReal());
    break;
  case Value::Kind::String:
    out += depth ? reprString(value.text()) : value.text();
    break;
  case Value::Kind::List: {
    out += value.isTuple() ? '(' : '[';
    bool first = true;
    for (const Value &item : value.list()) {
      if (!first)
        out += ", ";
      first = false;
      print(item, out, depth + 1);
    }
    if (value.isTuple() && value.list().size() == 1)
      out += ',';
    out += value.isTuple() ? ')' : ']';
    break;
  }
  case Value::Kind::Dict: {
    out += '{';
    bool first = true;
    for (const auto &[key, item] : value.dict()) {
      if (!first)
        out += ", ";
      first = false;
      print(key, out, depth + 1);
      out += ": ";
      print(item, out, depth + 1);
    }
    out += '}';
    break;
  }
  case Value::Kind::Callable:
    out += "<function " + value.call().name + ">";
  }
}

void quoteAscii(std::string_view text, std::string &out) {
  const std::string quoted = quoteJson(text);
  for (size_t at = 0; at < quoted.size();) {
    const char32_t c = decodeUtf8(quoted, at);
    if (c < 0x7F) {
      out += static_cast<char>(c);
      continue;
    }
    const auto unit = [&](char32_t u) {
      static constexpr char digits[] = "0123456789abcdef";
      out += "\\u";
      for (int shift = 12; shift >= 0; shift -= 4)
        out += digits[u >> shift & 15];
    };
    if (c >= 0x10000) {
      unit(0xD800 + ((c - 0x10000) >> 10));
      unit(0xDC00 + ((c - 0x10000) & 0x3FF));
    } else {
      unit(c);
    }
  }
}

} // namespace

void Value::measure(const Value &part) {
  size += part.size;
  levels = std::max(levels, part.levels + 1);
  inner |= part.inner || part.isNamespace();
}

Value Value::string(std::string text) {
  Value out(Kind::String);
  out.size = text.size() + 1;
  out.object = std::make_shared<std::string>(std::move(text));
  return out;
}

Value Value::list(List items, bool tuple) {
  Value out(Kind::List);
  for (const Value &item : items)
    out.measure(item);
  out.object = std::make_shared<List>(std::move(items));
  out.flag = tuple;
  return out;
}

Value Value::dict(Dict entries, bool isNamespace) {
  Value out(Kind::Dict);
  for (const auto &[key, item] : entries) {
    out.measure(key);
    out.measure(item);
  }
  out.object = std::make_shared<Dict>(std::move(entries));
  out.flag = isNamespace;
  return out;
}

Value Value::callable(Callable call) {
  Value out(Kind::Callable);
  out.object = std::make_shared<Callable>(std::move(call));
  return out;
}

Value Value::undefined(std::string name) {
  Value out;
  out.object = std::make_shared<std::string>(std::move(name));
  return out;
}

Value Value::fromJson(const Json &json) {
  switch (json.kind) {
  case Json::Kind::Null:
    return none();
  case Json::Kind::Bool:
    return boolean(json.boolean);
  case Json::Kind::Integer:
    return integer(json.integer);
  case Json::Kind::Number:
    return real(json.number);
  case Json::Kind::String:
    return string(std::string(json.string));
  case Json::Kind::Array: {
    List items;
    items.reserve(json.count);
    for (const Json &item : JsonMembers(json))
      items.push_back(fromJson(item));
    return list(std::move(items));
  }
  case Json::Kind::Object: {
    Dict entries;
    entries.reserve(json.count);
    for (const Json &item : JsonMembers(json))
      entries.emplace_back(string(std::string(item.key)), fromJson(item));
    return dict(std::move(entries));
  }
  }
  return none();
}

bool Value::truthy() const {
  switch (tag) {
  case Kind::Undefined:
  case Kind::None:
    return false;
  case Kind::Bool:
  case Kind::Int:
    return number != 0;
  case Kind::Float:
    return fraction != 0;
  case Kind::String:
    return !text().empty();
  case Kind::List:
    return !list().empty();
  case Kind::Dict:
    return flag || !dict().empty();
  case Kind::Callable:
    return true;
  }
  return false;
}

const Value *Value::find(const Value &key) const {
  for (const auto &[name, value] : dict())
    if (equal(name, key))
      return &value;
  return nullptr;
}

const Value *Value::find(std::string_view key) const {
  for (const auto &[name, value] : dict())
    if (name.is(Kind::String) && name.text() == key)
      return &value;
  return nullptr;
}

std::string Value::str() const {
  std::string out;
  print(*this, out, 0);
  return out;
}

std::string Value::repr() const {
  std::string out;
  print(*this, out, 1);
  return out;
}

const char *Value::kindName() const {
  switch (tag) {
  case Kind::Undefined:
    return "an undefined value";
  case Kind::None:
    return "none";
  case Kind::Bool:
    return "a bool";
  case Kind::Int:
    return "an integer";
  case Kind::Float:
    return "a float";
  case Kind::String:
    return "a string";
  case Kind::List:
    return "a list";
  case Kind::Dict:
    return "a mapping";
  case Kind::Callable:
    return "a function";
  }
  return "nothing";
}

bool equal(const Value &a, const Value &b, int depth) {
  if (a.isNumber() && b.isNumber())
    return a.is(Value::Kind::Float) || b.is(Value::Kind::Float) ? a.asReal() == b.asReal() : a.asInt() == b.asInt();
  if (a.kind() != b.kind() || depth > deepest)
    return false;
  switch (a.kind()) {
  case Value::Kind::String:
    return a.text() == b.text();
  case Value::Kind::List:
    return a.isTuple() == b.isTuple() && std::equal(a.list().begin(), a.list().end(), b.list().begin(), b.list().end(),
                                                    [&](const Value &x, const Value &y) { return equal(x, y, depth + 1); });
  case Value::Kind::Dict:
    return a.dict().size() == b.dict().size() && std::all_of(a.dict().begin(), a.dict().end(), [&](const auto &entry) {
             const Value *other = b.find(entry.first);
             return other && equal(entry.second, *other, depth + 1);
           });
  case Value::Kind::Callable:
    return &a.call() == &b.call();
  default:
    return true;
  }
}

bool less(const Value &a, const Value &b, bool &ok, int depth) {
  if (a.isNumber() && b.isNumber())
    return a.is(Value::Kind::Float) || b.is(Value::Kind::Float) ? a.asReal() < b.asReal() : a.asInt() < b.asInt();
  if (a.is(Value::Kind::String) && b.is(Value::Kind::String))
    return a.text() < b.text();
  if (a.is(Value::Kind::List) && b.is(Value::Kind::List) && depth < deepest) {
    const size_t count = std::min(a.list().size(), b.list().size());
    for (size_t i = 0; i < count; ++i)
      if (!equal(a.list()[i], b.list()[i]))
        return less(a.list()[i], b.list()[i], ok, depth + 1);
    return a.list().size() < b.list().size();
  }
  ok = false;
  return false;
}

void setEntry(Dict &dict, const Value &key, Value value) {
  for (auto &[name, old] : dict)
    if (equal(name, key)) {
      old = std::move(value);
      return;
    }
  dict.emplace_back(key, std::move(value));
}

std::string reprReal(double value) {
  if (std::isnan(value))
    return "nan";
  if (std::isinf(value))
    return value < 0 ? "-inf" : "inf";
  char buffer[64];
  const double size = std::fabs(value);
  // Python changes to an exponent outside of these.
  const bool fixed = value == 0 || (size >= 1e-4 && size < 1e16);
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, value, fixed ? std::chars_format::fixed : std::chars_format::scientific);
  std::string out(buffer, end.ptr);
  if (fixed && out.find('.') == std::string::npos)
    out += ".0";
  return out;
}

bool toJson(const Value &value, const JsonStyle &style, std::string &out, int depth) {
  const auto newLine = [&](int level) {
    if (style.indent < 0)
      return;
    out += '\n';
    out.append(static_cast<size_t>(level) * static_cast<size_t>(style.indent), ' ');
  };
  const auto quote = [&](std::string_view text) {
    if (style.ascii)
      quoteAscii(text, out);
    else
      out += quoteJson(text);
  };
  if (depth > deepest)
    return false;
  switch (value.kind()) {
  case Value::Kind::None:
    out += "null";
    return true;
  case Value::Kind::Bool:
    out += value.asInt() ? "true" : "false";
    return true;
  case Value::Kind::Int:
    out += std::to_string(value.asInt());
    return true;
  case Value::Kind::Float:
    out += std::isnan(value.asReal())   ? "NaN"
           : std::isinf(value.asReal()) ? (value.asReal() < 0 ? "-Infinity" : "Infinity")
                                        : reprReal(value.asReal());
    return true;
  case Value::Kind::String:
    quote(value.text());
    return true;
  case Value::Kind::List: {
    out += '[';
    for (size_t i = 0; i < value.list().size(); ++i) {
      if (i)
        out += style.itemSeparator;
      newLine(depth + 1);
      if (!toJson(value.list()[i], style, out, depth + 1))
        return false;
    }
    if (!value.list().empty())
      newLine(depth);
    out += ']';
    return true;
  }
  case Value::Kind::Dict: {
    Dict entries = value.dict();
    if (style.sortKeys)
      std::sort(entries.begin(), entries.end(), [](const auto &a, const auto &b) { return a.first.str() < b.first.str(); });
    out += '{';
    for (size_t i = 0; i < entries.size(); ++i) {
      if (i)
        out += style.itemSeparator;
      newLine(depth + 1);
      const Value &key = entries[i].first;
      if (key.is(Value::Kind::String)) {
        quote(key.text());
      } else {
        std::string text;
        if (key.is(Value::Kind::List) || key.is(Value::Kind::Dict) || !toJson(key, style, text, depth + 1))
          return false;
        quote(text);
      }
      out += style.keySeparator;
      if (!toJson(entries[i].second, style, out, depth + 1))
        return false;
    }
    if (!entries.empty())
      newLine(depth);
    out += '}';
    return true;
  }
  case Value::Kind::Undefined:
  case Value::Kind::Callable:
    return false;
  }
  return false;
}

} // namespace tensel::text::jinja
