// The filters. Where Jinja2 gives a generator, these give a list.
#include "runtime/llm/Unicode.h"
#include "runtime/llm/jinja/Interpreter.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace tensel::text::jinja {

namespace {

using Run = Value (*)(Interpreter &, const Value &, const Arguments &);

bool flagOf(const Arguments &arguments, size_t index, std::string_view name, bool otherwise) {
  const Value *value = arguments.get(index, name);
  return value ? value->truthy() : otherwise;
}

int64_t countOf(const Arguments &arguments, size_t index, std::string_view name, int64_t otherwise) {
  const Value *value = arguments.get(index, name);
  return value && value->isNumber() ? value->asInt() : otherwise;
}

/// value.a.b.0 for "a.b.0"
Value attributePath(Interpreter &in, Value value, const Value &path) {
  if (path.isIntegral())
    return in.subscript(value, path);
  const std::string text = path.str();
  for (size_t begin = 0; begin <= text.size() && !in.failed();) {
    const size_t end = std::min(text.find('.', begin), text.size());
    const std::string part = text.substr(begin, end - begin);
    int64_t index = 0;
    const bool number =
        !part.empty() && std::from_chars(part.data(), part.data() + part.size(), index).ptr == part.data() + part.size();
    value = in.subscript(value, number ? Value::integer(index) : Value::string(part));
    begin = end + 1;
  }
  return value;
}

/// What sorting and uniqueness look at: strings without case, unless told.
Value keyOf(Interpreter &in, const Value &item, const Value *path, bool caseSensitive) {
  Value key = path && !path->is(Value::Kind::None) ? attributePath(in, item, *path) : item;
  return !caseSensitive && key.is(Value::Kind::String) ? in.makeString(lowercase(key.text())) : key;
}

Value sortBy(Interpreter &in, List items, const std::vector<Value> &keys, bool reverse) {
  std::vector<size_t> order(items.size());
  for (size_t i = 0; i < order.size(); ++i)
    order[i] = i;
  bool ok = true;
  in.charge(items.size() * 4);
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    if (less(keys[a], keys[b], ok))
      return !reverse;
    if (less(keys[b], keys[a], ok))
      return reverse;
    return a < b; // stable
  });
  if (!ok)
    return in.fail("found values of different kinds to sort");
  List out;
  for (const size_t i : order)
    out.push_back(std::move(items[i]));
  return in.makeList(std::move(out));
}

Value sort(Interpreter &in, const Value &of, const Arguments &arguments) {
  List items;
  if (!in.iterate(of, items))
    return {};
  std::vector<Value> keys;
  for (const Value &item : items)
    keys.push_back(keyOf(in, item, arguments.get(2, "attribute"), flagOf(arguments, 1, "case_sensitive", false)));
  return in.failed() ? Value() : sortBy(in, std::move(items), keys, flagOf(arguments, 0, "reverse", false));
}

Value dictSort(Interpreter &in, const Value &of, const Arguments &arguments) {
  if (!of.is(Value::Kind::Dict))
    return in.fail("found " + std::string(of.kindName()) + ", expected a mapping to sort");
  const Value *by = arguments.get(1, "by");
  const bool byValue = by && by->is(Value::Kind::String) && by->text() == "value";
  List items;
  std::vector<Value> keys;
  for (const auto &[key, value] : of.dict()) {
    items.push_back(Value::list({key, value}, true));
    keys.push_back(keyOf(in, byValue ? value : key, nullptr, flagOf(arguments, 0, "case_sensitive", false)));
  }
  return sortBy(in, std::move(items), keys, flagOf(arguments, 2, "reverse", false));
}

Value unique(Interpreter &in, const Value &of, const Arguments &arguments) {
  List items, out, seen;
  if (!in.iterate(of, items))
    return {};
  for (const Value &item : items) {
    Value key = keyOf(in, item, arguments.get(1, "attribute"), flagOf(arguments, 0, "case_sensitive", false));
    if (!in.charge(seen.size()))
      return {};
    if (std::any_of(seen.begin(), seen.end(), [&](const Value &other) { return equal(other, key); }))
      continue;
    seen.push_back(std::move(key));
    out.push_back(item);
  }
  return in.makeList(std::move(out));
}

Value extreme(Interpreter &in, const Value &of, const Arguments &arguments, bool largest) {
  List items;
  if (!in.iterate(of, items))
    return {};
  const Value *best = nullptr;
  Value bestKey;
  bool ok = true;
  for (const Value &item : items) {
    Value key = keyOf(in, item, arguments.get(1, "attribute"), flagOf(arguments, 0, "case_sensitive", false));
    if (!best || (largest ? less(bestKey, key, ok) : less(key, bestKey, ok))) {
      best = &item;
      bestKey = key;
    }
  }
  if (!ok)
    return in.fail("found values of different kinds to compare");
  return best ? *best : Value::undefined("the sequence is empty");
}

Value map(Interpreter &in, const Value &of, const Arguments &arguments) {
  List items, out;
  if (!in.iterate(of, items))
    return {};
  const Value *path = arguments.get(SIZE_MAX, "attribute"), *otherwise = arguments.get(SIZE_MAX, "default");
  if (!path && arguments.positional.empty())
    return in.fail("found the filter 'map' without a filter's name or an attribute");
  Arguments rest;
  if (!path)
    rest.positional.assign(arguments.positional.begin() + 1, arguments.positional.end());
  for (const Value &item : items) {
    Value value = path ? attributePath(in, item, *path) : in.filter(arguments.positional[0].str(), item, rest);
    if (in.failed() || !in.charge(1))
      return {};
    if (value.isUndefined() && otherwise)
      value = *otherwise;
    out.push_back(std::move(value));
  }
  return in.makeList(std::move(out));
}

Value select(Interpreter &in, const Value &of, const Arguments &arguments, bool byAttribute, bool wanted) {
  List items, out;
  if (!in.iterate(of, items))
    return {};
  const size_t first = byAttribute ? 1 : 0;
  if (arguments.positional.size() < first)
    return in.fail("found a selection without an attribute's name");
  Arguments rest;
  if (arguments.positional.size() > first)
    rest.positional.assign(arguments.positional.begin() + static_cast<ptrdiff_t>(first) + 1, arguments.positional.end());
  for (const Value &item : items) {
    const Value value = byAttribute ? attributePath(in, item, arguments.positional[0]) : item;
    const bool found =
        arguments.positional.size() > first ? in.test(arguments.positional[first].str(), value, rest) : value.truthy();
    if (in.failed() || !in.charge(1))
      return {};
    if (found == wanted)
      out.push_back(item);
  }
  return in.makeList(std::move(out));
}

Value groupBy(Interpreter &in, const Value &of, const Arguments &arguments) {
  const Value *path = arguments.get(0, "attribute");
  if (!path)
    return in.fail("found the filter 'groupby' without an attribute");
  const Value sorted = sort(in, of, {{}, {{"attribute", *path}}});
  List out, group;
  Value current;
  const auto flush = [&] {
    if (!group.empty())
      out.push_back(Value::list({current, Value::list(std::move(group))}, true));
    group.clear();
  };
  if (in.failed())
    return {};
  for (const Value &item : sorted.list()) {
    Value key = attributePath(in, item, *path);
    if (group.empty() || !equal(key, current)) {
      flush();
      current = key;
    }
    group.push_back(item);
  }
  flush();
  return in.makeList(std::move(out));
}

Value batch(Interpreter &in, const Value &of, const Arguments &arguments) {
  List items, out, row;
  const int64_t count = countOf(arguments, 0, "linecount", 0);
  if (count <= 0 || count > 1'000'000)
    return in.fail("found the filter 'batch' with " + std::to_string(count) + " items a row");
  if (!in.iterate(of, items))
    return {};
  for (Value &item : items) {
    row.push_back(std::move(item));
    if (static_cast<int64_t>(row.size()) == count)
      out.push_back(Value::list(std::exchange(row, {})));
  }
  const Value *fill = arguments.get(1, "fill_with");
  if (!row.empty()) {
    if (fill && in.charge(static_cast<size_t>(count)))
      row.resize(static_cast<size_t>(count), *fill);
    out.push_back(Value::list(std::move(row)));
  }
  return in.makeList(std::move(out));
}

Value join(Interpreter &in, const Value &of, const Arguments &arguments) {
  List items;
  if (!in.iterate(of, items))
    return {};
  const Value *separator = arguments.get(0, "d"), *path = arguments.get(1, "attribute");
  const std::string between = separator ? separator->str() : "";
  std::string out;
  for (size_t i = 0; i < items.size() && !in.failed(); ++i) {
    if (i)
      out += between;
    out += in.text(path ? attributePath(in, items[i], *path) : items[i]);
    in.charge(between.size() / 16);
  }
  return in.makeString(std::move(out));
}

Value sum(Interpreter &in, const Value &of, const Arguments &arguments) {
  List items;
  if (!in.iterate(of, items))
    return {};
  const Value *path = arguments.get(0, "attribute"), *start = arguments.get(1, "start");
  Value total = start ? *start : Value::integer(0);
  for (const Value &item : items)
    if (!in.failed())
      total = in.binary("+", total, path && !path->is(Value::Kind::None) ? attributePath(in, item, *path) : item);
  return total;
}

Value toInt(Interpreter &in, const Value &of, const Arguments &arguments) {
  const Value *otherwise = arguments.get(0, "default");
  const Value fallback = otherwise ? *otherwise : Value::integer(0);
  if (of.is(Value::Kind::Float))
    return std::fabs(of.asReal()) < 9e18 ? Value::integer(of.asInt()) : fallback;
  if (of.isNumber())
    return Value::integer(of.asInt());
  if (!of.is(Value::Kind::String))
    return fallback;
  std::string text(stripText(of.text(), nullptr, true, true));
  if (text.starts_with('+'))
    text.erase(0, 1);
  int64_t whole = 0;
  const char *end = text.data() + text.size();
  if (!text.empty() &&
      std::from_chars(text.data(), end, whole, static_cast<int>(std::clamp<int64_t>(countOf(arguments, 1, "base", 10), 2, 36)))
              .ptr == end)
    return Value::integer(whole);
  double real = 0;
  if (!text.empty() && std::from_chars(text.data(), end, real).ptr == end && std::fabs(real) < 9e18)
    return Value::integer(static_cast<int64_t>(real));
  return fallback;
}

Value toFloat(Interpreter &in, const Value &of, const Arguments &arguments) {
  if (of.isNumber())
    return Value::real(of.asReal());
  if (of.is(Value::Kind::String)) {
    const std::string text(stripText(of.text(), nullptr, true, true));
    double real = 0;
    if (!text.empty() && std::from_chars(text.data(), text.data() + text.size(), real).ptr == text.data() + text.size())
      return Value::real(real);
  }
  const Value *otherwise = arguments.get(0, "default");
  return otherwise ? *otherwise : Value::real(0);
}

Value round(Interpreter &in, const Value &of, const Arguments &arguments) {
  if (!of.isNumber())
    return in.fail("found " + std::string(of.kindName()) + ", expected a number to round");
  const int64_t digits = std::clamp<int64_t>(countOf(arguments, 0, "precision", 0), -300, 300);
  const Value *method = arguments.get(1, "method");
  const std::string how = method ? method->str() : "common";
  if (how == "common" && of.isIntegral() && digits >= 0)
    return Value::integer(of.asInt());
  const double scale = std::pow(10.0, static_cast<double>(digits)), scaled = of.asReal() * scale;
  const double rounded = how == "ceil" ? std::ceil(scaled) : how == "floor" ? std::floor(scaled) : std::nearbyint(scaled);
  return Value::real(rounded / scale);
}

Value json(Interpreter &in, const Value &of, const Arguments &arguments) {
  JsonStyle style;
  if (const Value *indent = arguments.get(SIZE_MAX, "indent"); indent && indent->isNumber())
    style.indent = static_cast<int>(std::clamp<int64_t>(indent->asInt(), 0, 64));
  else if (const Value *place = arguments.get(0, ""); place && place->isIntegral() && !place->is(Value::Kind::Bool))
    style.indent = static_cast<int>(std::clamp<int64_t>(place->asInt(), 0, 64));
  if (style.indent >= 0)
    style.itemSeparator = ",";
  if (const Value *separators = arguments.get(SIZE_MAX, "separators");
      separators && separators->is(Value::Kind::List) && separators->list().size() == 2) {
    style.itemSeparator = separators->list()[0].str();
    style.keySeparator = separators->list()[1].str();
  }
  style.sortKeys = flagOf(arguments, SIZE_MAX, "sort_keys", false);
  style.ascii = flagOf(arguments, SIZE_MAX, "ensure_ascii", false);
  std::string out;
  if (!in.charge(of.weight() * (style.indent >= 0 ? 4 : 1)))
    return {};
  if (!toJson(of, style, out))
    return in.fail("found a value that JSON has no form for");
  return in.makeString(std::move(out));
}

Value indent(Interpreter &in, const Value &of, const Arguments &arguments) {
  const Value *width = arguments.get(0, "width");
  const std::string margin =
      width && width->is(Value::Kind::String)
          ? width->text()
          : std::string(static_cast<size_t>(std::clamp<int64_t>(countOf(arguments, 0, "width", 4), 0, 1000)), ' ');
  const bool first = flagOf(arguments, 1, "first", false), blank = flagOf(arguments, 2, "blank", false);
  const std::string text = in.text(of);
  std::string out;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    if ((begin || first) && (blank || end > begin || begin == 0))
      out += margin;
    out.append(text, begin, end - begin);
    if (end < text.size())
      out += '\n';
    begin = end + 1;
    if (!in.charge(margin.size() / 16 + 1))
      return {};
  }
  return in.makeString(std::move(out));
}

Value escape(Interpreter &in, const Value &of, const Arguments &) {
  std::string out;
  for (const char c : in.text(of)) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '\'')
      out += "&#39;";
    else if (c == '"')
      out += "&#34;";
    else
      out += c;
  }
  return in.makeString(std::move(out));
}

Value reverse(Interpreter &in, const Value &of, const Arguments &) {
  List items;
  if (!in.iterate(of, items))
    return {};
  std::reverse(items.begin(), items.end());
  if (!of.is(Value::Kind::String))
    return in.makeList(std::move(items));
  std::string out;
  for (const Value &item : items)
    out += item.text();
  return in.makeString(std::move(out));
}

Value length(Interpreter &in, const Value &of, const Arguments &) {
  if (of.is(Value::Kind::String))
    return Value::integer(static_cast<int64_t>(countUtf8(of.text())));
  if (of.is(Value::Kind::List))
    return Value::integer(static_cast<int64_t>(of.list().size()));
  if (of.is(Value::Kind::Dict))
    return Value::integer(static_cast<int64_t>(of.dict().size()));
  return of.isUndefined() ? Value::integer(0) : in.fail("found " + std::string(of.kindName()) + ", which has no length");
}

Value replace(Interpreter &in, const Value &of, const Arguments &arguments) {
  const Value *from = arguments.get(0, "old"), *to = arguments.get(1, "new");
  if (!from || !to)
    return in.fail("found the filter 'replace' without two texts");
  return in.makeString(replaceText(in, in.text(of), from->str(), to->str(), countOf(arguments, 2, "count", -1)));
}

Value items(Interpreter &in, const Value &of, const Arguments &) {
  List out;
  if (of.isUndefined())
    return Value::list({});
  if (!of.is(Value::Kind::Dict))
    return in.fail("found " + std::string(of.kindName()) + ", expected a mapping for its items");
  for (const auto &[key, value] : of.dict())
    out.push_back(Value::list({key, value}, true));
  return in.makeList(std::move(out));
}

Value edge(Interpreter &in, const Value &of, bool last) {
  List list;
  if (!in.iterate(of, list))
    return {};
  return list.empty() ? Value::undefined("the sequence is empty") : last ? list.back() : list.front();
}

Value truncate(Interpreter &in, const Value &of, const Arguments &arguments) {
  const std::string text = in.text(of);
  const auto size = static_cast<size_t>(std::max<int64_t>(countOf(arguments, 0, "length", 255), 0));
  const Value *given = arguments.get(2, "end");
  const std::string end = given ? given->str() : "...";
  const auto leeway = static_cast<size_t>(std::max<int64_t>(countOf(arguments, 3, "leeway", 5), 0));
  if (countUtf8(text) <= size + leeway)
    return Value::string(text);
  const size_t room = size - std::min(size, countUtf8(end));
  size_t at = 0;
  for (size_t i = 0; i < room && at < text.size(); ++i)
    decodeUtf8(text, at);
  std::string cut = text.substr(0, at);
  if (!flagOf(arguments, 1, "killwords", false)) {
    const size_t space = cut.rfind(' ');
    cut.resize(space == std::string::npos ? cut.size() : space);
  }
  return in.makeString(cut + end);
}

constexpr std::pair<std::string_view, Run> table[] = {
    {"abs",
     [](Interpreter &in, const Value &of, const Arguments &) {
       if (!of.isNumber())
         return in.fail("found " + std::string(of.kindName()) + ", expected a number");
       return of.is(Value::Kind::Float) ? Value::real(std::fabs(of.asReal()))
              : of.asInt() < 0          ? in.binary("-", Value::integer(0), of)
                                        : Value::integer(of.asInt());
     }},
    {"attr",
     [](Interpreter &in, const Value &of, const Arguments &arguments) {
       return arguments.positional.empty() ? in.fail("found the filter 'attr' without a name")
                                           : in.attribute(of, arguments.positional[0].str());
     }},
    {"batch", batch},
    {"capitalize",
     [](Interpreter &in, const Value &of, const Arguments &) { return in.makeString(capitalizeText(in.text(of))); }},
    {"count", length},
    {"d", nullptr},
    {"default", nullptr},
    {"dictsort", dictSort},
    {"e", escape},
    {"escape", escape},
    {"first", [](Interpreter &in, const Value &of, const Arguments &) { return edge(in, of, false); }},
    {"float", toFloat},
    {"forceescape", escape},
    {"groupby", groupBy},
    {"indent", indent},
    {"int", toInt},
    {"items", items},
    {"join", join},
    {"last", [](Interpreter &in, const Value &of, const Arguments &) { return edge(in, of, true); }},
    {"length", length},
    {"list",
     [](Interpreter &in, const Value &of, const Arguments &) {
       List list;
       return in.iterate(of, list) ? in.makeList(std::move(list)) : Value();
     }},
    {"lower", [](Interpreter &in, const Value &of, const Arguments &) { return in.makeString(lowercase(in.text(of))); }},
    {"map", map},
    {"max", [](Interpreter &in, const Value &of, const Arguments &arguments) { return extreme(in, of, arguments, true); }},
    {"min", [](Interpreter &in, const Value &of, const Arguments &arguments) { return extreme(in, of, arguments, false); }},
    {"reject", [](Interpreter &in, const Value &of, const Arguments &a) { return select(in, of, a, false, false); }},
    {"rejectattr", [](Interpreter &in, const Value &of, const Arguments &a) { return select(in, of, a, true, false); }},
    {"replace", replace},
    {"reverse", reverse},
    {"round", round},
    {"safe", [](Interpreter &in, const Value &of, const Arguments &) { return in.makeString(in.text(of)); }},
    {"select", [](Interpreter &in, const Value &of, const Arguments &a) { return select(in, of, a, false, true); }},
    {"selectattr", [](Interpreter &in, const Value &of, const Arguments &a) { return select(in, of, a, true, true); }},
    {"sort", sort},
    {"string", [](Interpreter &in, const Value &of, const Arguments &) { return in.makeString(in.text(of)); }},
    {"sum", sum},
    {"title", [](Interpreter &in, const Value &of, const Arguments &) { return in.makeString(titleText(in.text(of))); }},
    {"tojson", json},
    {"trim",
     [](Interpreter &in, const Value &of, const Arguments &arguments) {
       const Value *chars = arguments.get(0, "chars");
       const std::string text = in.text(of);
       return in.makeString(
           std::string(stripText(text, chars && chars->is(Value::Kind::String) ? &chars->text() : nullptr, true, true)));
     }},
    {"truncate", truncate},
    {"unique", unique},
    {"upper", [](Interpreter &in, const Value &of, const Arguments &) { return in.makeString(upperText(in.text(of))); }},
};

} // namespace

Value Interpreter::filter(const std::string &name, const Value &of, const Arguments &arguments) {
  if (failed() || !charge(5 + of.weight() / 64))
    return {};
  if (name == "default" || name == "d") {
    const Value *otherwise = arguments.get(0, "default_value"), *boolean = arguments.get(1, "boolean");
    const bool missing = of.isUndefined() || (boolean && boolean->truthy() && !of.truthy());
    return !missing ? of : otherwise ? *otherwise : Value::string("");
  }
  for (const auto &[known, run] : table)
    if (known == name)
      return run(*this, of, arguments);
  std::string all;
  for (const auto &[known, run] : table)
    all += (all.empty() ? "" : " ") + std::string(known);
  return fail("found the filter '" + name + "', expected one of " + all);
}

} // namespace tensel::text::jinja
