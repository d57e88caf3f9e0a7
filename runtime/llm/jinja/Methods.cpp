// Python's methods on strings, lists and mappings, and the functions that every chat template may call.
#include "runtime/llm/Unicode.h"
#include "runtime/llm/jinja/Interpreter.h"

#include <algorithm>

namespace tensel::text::jinja {

namespace {

using Method = Value (*)(Interpreter &, const Value &, const Arguments &);

const std::string *textAt(const Arguments &arguments, size_t index) {
  const Value *value = arguments.get(index, "");
  return value && value->is(Value::Kind::String) ? &value->text() : nullptr;
}

Value strip(Interpreter &in, const Value &of, const Arguments &arguments, bool left, bool right) {
  return in.makeString(std::string(stripText(of.text(), textAt(arguments, 0), left, right)));
}

/// startswith and endswith, with one text or a tuple of them.
Value edgeIs(const Value &of, const Arguments &arguments, bool start) {
  const auto matches = [&](const Value &part) {
    return part.is(Value::Kind::String) && (start ? of.text().starts_with(part.text()) : of.text().ends_with(part.text()));
  };
  const Value *given = arguments.get(0, "");
  if (given && given->is(Value::Kind::List))
    return Value::boolean(std::any_of(given->list().begin(), given->list().end(), matches));
  return Value::boolean(given && matches(*given));
}

Value split(Interpreter &in, const Value &of, const Arguments &arguments) {
  const std::string &text = of.text();
  const Value *most = arguments.get(1, "maxsplit");
  int64_t left = most && most->isIntegral() ? most->asInt() : -1;
  const Value *separator = arguments.get(0, "sep");
  List out;
  in.charge(text.size());
  if (separator && separator->is(Value::Kind::String)) {
    const std::string &between = separator->text();
    if (between.empty())
      return in.fail("found an empty separator to split at");
    size_t begin = 0;
    for (size_t at = text.find(between); at != std::string::npos && left != 0; at = text.find(between, begin), --left) {
      out.push_back(Value::string(text.substr(begin, at - begin)));
      begin = at + between.size();
    }
    out.push_back(Value::string(text.substr(begin)));
    return in.makeList(std::move(out));
  }
  std::string_view rest = stripText(text, nullptr, true, false);
  while (!rest.empty()) {
    if (left == 0) {
      out.push_back(Value::string(std::string(stripText(rest, nullptr, false, true))));
      break;
    }
    size_t end = 0;
    for (size_t next = 0; end < rest.size(); end = next)
      if (isSpace(decodeUtf8(rest, next)))
        break;
    out.push_back(Value::string(std::string(rest.substr(0, end))));
    rest = stripText(rest.substr(end), nullptr, true, false);
    --left;
  }
  return in.makeList(std::move(out));
}

Value rsplit(Interpreter &in, const Value &of, const Arguments &arguments) {
  const Value *most = arguments.get(1, "maxsplit");
  const Value *separator = arguments.get(0, "sep");
  int64_t left = most && most->isIntegral() ? most->asInt() : -1;
  if (left < 0 || !separator || !separator->is(Value::Kind::String) || separator->text().empty())
    return split(in, of, arguments);
  in.charge(of.text().size());
  List out;
  std::string rest = of.text();
  for (size_t at = rest.rfind(separator->text()); at != std::string::npos && left > 0;
       at = rest.rfind(separator->text()), --left) {
    out.push_back(Value::string(rest.substr(at + separator->text().size())));
    rest.resize(at);
  }
  out.push_back(Value::string(rest));
  std::reverse(out.begin(), out.end());
  return in.makeList(std::move(out));
}

Value splitLines(Interpreter &in, const Value &of, const Arguments &) {
  List out;
  const std::string &text = of.text();
  in.charge(text.size());
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find_first_of("\r\n", begin), text.size());
    out.push_back(Value::string(text.substr(begin, end - begin)));
    begin = end + 1 + (text.compare(end, 2, "\r\n") == 0);
  }
  return in.makeList(std::move(out));
}

Value find(Interpreter &in, const Value &of, const Arguments &arguments, bool last) {
  const std::string *sought = textAt(arguments, 0);
  if (!sought)
    return in.fail("expected a text to find");
  const size_t at = last ? of.text().rfind(*sought) : of.text().find(*sought);
  return Value::integer(at == std::string::npos ? -1
                                                : static_cast<int64_t>(countUtf8(std::string_view(of.text()).substr(0, at))));
}

Value countText(Interpreter &in, const Value &of, const Arguments &arguments) {
  const std::string *sought = textAt(arguments, 0);
  if (!sought || sought->empty())
    return in.fail("expected a text to count");
  int64_t count = 0;
  for (size_t at = of.text().find(*sought); at != std::string::npos; at = of.text().find(*sought, at + sought->size()))
    ++count;
  return Value::integer(count);
}

/// isdigit and its kind: all characters, and at least one.
template <typename Is>
Value allChars(const Value &of, Is is) {
  for (size_t at = 0; at < of.text().size();)
    if (!is(decodeUtf8(of.text(), at)))
      return Value::boolean(false);
  return Value::boolean(!of.text().empty());
}

constexpr std::pair<std::string_view, Method> textMethods[] = {
    {"strip", [](Interpreter &in, const Value &of, const Arguments &a) { return strip(in, of, a, true, true); }},
    {"lstrip", [](Interpreter &in, const Value &of, const Arguments &a) { return strip(in, of, a, true, false); }},
    {"rstrip", [](Interpreter &in, const Value &of, const Arguments &a) { return strip(in, of, a, false, true); }},
    {"startswith", [](Interpreter &, const Value &of, const Arguments &a) { return edgeIs(of, a, true); }},
    {"endswith", [](Interpreter &, const Value &of, const Arguments &a) { return edgeIs(of, a, false); }},
    {"split", split},
    {"rsplit", rsplit},
    {"splitlines", splitLines},
    {"upper", [](Interpreter &in, const Value &of, const Arguments &) { return in.makeString(upperText(of.text())); }},
    {"lower", [](Interpreter &in, const Value &of, const Arguments &) { return in.makeString(lowercase(of.text())); }},
    {"capitalize", [](Interpreter &in, const Value &of, const Arguments &) { return in.makeString(capitalizeText(of.text())); }},
    {"title",
     [](Interpreter &in, const Value &of, const Arguments &) {
       std::string out;
       bool inside = false;
       for (size_t at = 0; at < of.text().size();) {
         const char32_t c = decodeUtf8(of.text(), at);
         appendUtf8(out, inside ? lowerChar(c) : upperChar(c));
         inside = (categoryBit(c) & letters) != 0;
       }
       return in.makeString(std::move(out));
     }},
    {"replace",
     [](Interpreter &in, const Value &of, const Arguments &a) {
       const std::string *from = textAt(a, 0), *to = textAt(a, 1);
       const Value *count = a.get(2, "count");
       if (!from || !to)
         return in.fail("expected two texts to replace");
       return in.makeString(replaceText(in, of.text(), *from, *to, count && count->isIntegral() ? count->asInt() : -1));
     }},
    {"join",
     [](Interpreter &in, const Value &of, const Arguments &a) {
       return a.positional.empty() ? in.fail("expected a list to join") : in.filter("join", a.positional[0], {{of}, {}});
     }},
    {"find", [](Interpreter &in, const Value &of, const Arguments &a) { return find(in, of, a, false); }},
    {"rfind", [](Interpreter &in, const Value &of, const Arguments &a) { return find(in, of, a, true); }},
    {"index",
     [](Interpreter &in, const Value &of, const Arguments &a) {
       const Value place = find(in, of, a, false);
       return in.failed() || place.asInt() >= 0 ? place : in.fail("the text is not in the other one");
     }},
    {"count", countText},
    {"removeprefix",
     [](Interpreter &in, const Value &of, const Arguments &a) {
       const std::string *part = textAt(a, 0);
       return part && of.text().starts_with(*part) ? in.makeString(of.text().substr(part->size())) : of;
     }},
    {"removesuffix",
     [](Interpreter &in, const Value &of, const Arguments &a) {
       const std::string *part = textAt(a, 0);
       return part && of.text().ends_with(*part) ? in.makeString(of.text().substr(0, of.text().size() - part->size())) : of;
     }},
    {"isdigit", [](Interpreter &, const Value &of,
                   const Arguments &) { return allChars(of, [](char32_t c) { return categoryBit(c) == categoryMask("Nd"); }); }},
    {"isnumeric", [](Interpreter &, const Value &of, const Arguments &) { return allChars(of, isNumeric); }},
    {"isalpha", [](Interpreter &, const Value &of,
                   const Arguments &) { return allChars(of, [](char32_t c) { return (categoryBit(c) & letters) != 0; }); }},
    {"isalnum",
     [](Interpreter &, const Value &of, const Arguments &) {
       return allChars(of, [](char32_t c) { return (categoryBit(c) & (letters | numbers)) != 0; });
     }},
    {"isspace", [](Interpreter &, const Value &of, const Arguments &) { return allChars(of, isSpace); }},
    {"isupper", [](Interpreter &in, const Value &of, const Arguments &) { return Value::boolean(in.test("upper", of, {})); }},
    {"islower", [](Interpreter &in, const Value &of, const Arguments &) { return Value::boolean(in.test("lower", of, {})); }},
};

constexpr std::pair<std::string_view, Method> dictMethods[] = {
    {"items", [](Interpreter &in, const Value &of, const Arguments &) { return in.filter("items", of, {}); }},
    {"keys", [](Interpreter &in, const Value &of, const Arguments &) { return in.filter("list", of, {}); }},
    {"values",
     [](Interpreter &in, const Value &of, const Arguments &) {
       List out;
       for (const auto &[key, value] : of.dict())
         out.push_back(value);
       return in.makeList(std::move(out));
     }},
    {"get",
     [](Interpreter &in, const Value &of, const Arguments &a) {
       const Value *key = a.get(0, "key"), *otherwise = a.get(1, "default");
       if (!key)
         return in.fail("expected a key to get");
       in.charge(of.dict().size() / 4);
       const Value *found = of.find(*key);
       return found ? *found : otherwise ? *otherwise : Value::none();
     }},
    {"copy", [](Interpreter &, const Value &of, const Arguments &) { return of; }},
};

constexpr std::pair<std::string_view, Method> listMethods[] = {
    {"index",
     [](Interpreter &in, const Value &of, const Arguments &a) {
       for (size_t i = 0; i < of.list().size() && !a.positional.empty(); ++i)
         if (equal(of.list()[i], a.positional[0]))
           return Value::integer(static_cast<int64_t>(i));
       return in.fail("the value is not in the list");
     }},
    {"count",
     [](Interpreter &, const Value &of, const Arguments &a) {
       return Value::integer(std::count_if(of.list().begin(), of.list().end(), [&](const Value &item) {
         return !a.positional.empty() && equal(item, a.positional[0]);
       }));
     }},
    {"copy", [](Interpreter &, const Value &of, const Arguments &) { return of; }},
};

template <size_t N>
Value bind(const std::pair<std::string_view, Method> (&methods)[N], const Value &of, const std::string &name) {
  for (const auto &[known, run] : methods)
    if (known == name) {
      const Method method = run;
      return Value::callable(
          {name, [method, of](Interpreter &in, const Arguments &arguments) { return method(in, of, arguments); }});
    }
  return {};
}

Value range(Interpreter &in, const Arguments &arguments) {
  int64_t parts[3] = {0, 0, 1};
  const size_t count = arguments.positional.size();
  if (count < 1 || count > 3)
    return in.fail("found range() with " + std::to_string(count) + " arguments, expected 1 to 3");
  for (size_t i = 0; i < count; ++i) {
    if (!arguments.positional[i].isIntegral())
      return in.fail("found " + std::string(arguments.positional[i].kindName()) + " in range(), expected integers");
    parts[count == 1 ? 1 : i] = arguments.positional[i].asInt();
  }
  if (!parts[2])
    return in.fail("found range() with the step 0");
  List out;
  for (int64_t i = parts[0]; parts[2] > 0 ? i < parts[1] : i > parts[1];) {
    out.push_back(Value::integer(i));
    if (out.size() > 100'000)
      return in.fail("found range() of more than 100000 numbers");
    if (__builtin_add_overflow(i, parts[2], &i))
      break;
  }
  return in.makeList(std::move(out));
}

Value makeDict(const Arguments &arguments, bool isNamespace) {
  Dict out;
  if (!arguments.positional.empty() && arguments.positional[0].is(Value::Kind::Dict))
    out = arguments.positional[0].dict();
  for (const auto &[name, value] : arguments.named)
    setEntry(out, Value::string(name), value);
  return Value::dict(std::move(out), isNamespace);
}

} // namespace

Value findMethod(const Value &of, const std::string &name) {
  if (of.is(Value::Kind::String))
    return bind(textMethods, of, name);
  if (of.is(Value::Kind::Dict))
    return bind(dictMethods, of, name);
  return of.is(Value::Kind::List) ? bind(listMethods, of, name) : Value();
}

void addGlobals(Scope &scope) {
  const auto add = [&](const char *name, std::function<Value(Interpreter &, const Arguments &)> run) {
    scope.names[name] = Value::callable({name, std::move(run)});
  };
  add("range", range);
  add("dict", [](Interpreter &, const Arguments &arguments) { return makeDict(arguments, false); });
  add("namespace", [](Interpreter &in, const Arguments &arguments) {
    Value out = makeDict(arguments, true);
    for (const auto &[key, value] : out.dict())
      if (value.isNamespace())
        return in.fail("found a namespace as the attribute of a namespace");
    if (out.holdsNamespace())
      return in.fail("found a list or mapping with a namespace in it");
    in.keepNamespace(out);
    return out;
  });
  add("raise_exception", [](Interpreter &in, const Arguments &arguments) {
    return in.fail("the template refuses: " +
                   (arguments.positional.empty() ? std::string("no reason given") : in.text(arguments.positional[0])));
  });
  add("strftime_now", [](Interpreter &in, const Arguments &arguments) {
    const std::string format = arguments.positional.empty() ? "" : in.text(arguments.positional[0]);
    const std::time_t now = in.currentTime();
    std::tm parts{};
    localtime_r(&now, &parts);
    char buffer[256];
    const size_t size = format.size() < 100 ? std::strftime(buffer, sizeof buffer, format.c_str(), &parts) : 0;
    return size || format.empty() ? in.makeString(std::string(buffer, size)) : in.fail("found a time format that is too long");
  });
}

std::string_view stripText(std::string_view text, const std::string *chars, bool left, bool right) {
  const auto stripped = [&](char32_t c) {
    if (!chars)
      return isSpace(c) || (c >= 0x1C && c <= 0x1F);
    for (size_t at = 0; at < chars->size();)
      if (decodeUtf8(*chars, at) == c)
        return true;
    return false;
  };
  size_t begin = 0, end = text.size();
  while (left && begin < end) {
    size_t next = begin;
    if (!stripped(decodeUtf8(text, next)))
      break;
    begin = next;
  }
  while (right && end > begin) {
    const size_t before = previousUtf8(text, end);
    size_t at = before;
    if (!stripped(decodeUtf8(text, at)))
      break;
    end = before;
  }
  return text.substr(begin, end - begin);
}

std::string replaceText(Interpreter &interpreter, const std::string &text, const std::string &from, const std::string &to,
                        int64_t count) {
  std::string out;
  size_t begin = 0;
  interpreter.charge(text.size() / 16);
  while (count != 0 && !interpreter.failed()) {
    const size_t at = text.find(from, begin);
    if (at == std::string::npos)
      break;
    out.append(text, begin, at - begin);
    out += to;
    begin = at + from.size();
    interpreter.charge(1 + to.size() / 16);
    --count;
    if (from.empty()) { // Python puts it between all characters
      if (at >= text.size())
        return out;
      size_t next = at;
      decodeUtf8(text, next);
      out.append(text, at, next - at);
      begin = next;
    }
  }
  return out + text.substr(begin);
}

std::string upperText(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const char32_t c = decodeUtf8(text, at);
    if (c == 0xDF)
      out += "SS";
    else
      appendUtf8(out, upperChar(c));
  }
  return out;
}

std::string capitalizeText(std::string_view text) {
  if (text.empty())
    return {};
  size_t at = 0;
  decodeUtf8(text, at);
  return upperText(text.substr(0, at)) + lowercase(text.substr(at));
}

std::string titleText(std::string_view text) {
  std::string out;
  bool start = true;
  for (size_t at = 0; at < text.size();) {
    const char32_t c = decodeUtf8(text, at);
    const bool separator = isSpace(c) || c == '-' || c == '(' || c == '{' || c == '[' || c == '<';
    appendUtf8(out, start ? upperChar(c) : lowerChar(c));
    start = separator;
  }
  return out;
}

} // namespace tensel::text::jinja
