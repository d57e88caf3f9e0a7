// Statements and scopes.
#include "runtime/llm/jinja/Interpreter.h"

#include "runtime/llm/Unicode.h"

namespace tensel::text::jinja {

namespace {
constexpr int deepestCall = 400;     // nested statements, expressions and macro calls together
constexpr size_t deepestValue = 150; // nested lists and mappings
constexpr size_t largestValue = 8 << 20;
} // namespace

Interpreter::~Interpreter() {
  // Macros and namespaces can refer to each other in circles; emptying them breaks these.
  for (const Value &value : namespaces)
    value.mutableDict().clear();
  for (const auto &scope : kept)
    scope->names.clear();
}

Value Interpreter::fail(const std::string &why) {
  if (message.empty())
    message = "template, line " + std::to_string(line) + ": " + why;
  return {};
}

bool Interpreter::charge(size_t amount) {
  steps += amount;
  if (steps > limits.steps)
    fail("the template takes more than " + std::to_string(limits.steps) + " steps");
  return !failed();
}

Value Interpreter::makeString(std::string text) {
  if (text.size() > largestValue)
    return fail("found a text over " + std::to_string(largestValue) + " bytes");
  return charge(text.size() / 16) ? Value::string(std::move(text)) : Value();
}

Value Interpreter::makeList(List items) {
  if (!charge(items.size()))
    return {};
  Value out = Value::list(std::move(items));
  if (out.weight() > largestValue * 2 || out.depth() > deepestValue)
    return fail("found a list that is too large or too deep");
  return out;
}

std::string Interpreter::text(const Value &value) {
  charge(value.weight() / 16);
  return value.str();
}

bool Interpreter::run(const Body &body, const Dict &context, std::string &out) {
  kept.push_back(std::make_unique<Scope>());
  Scope &globals = *kept.back();
  addGlobals(globals);
  for (const auto &[name, value] : context)
    globals.names[name.text()] = value;
  kept.push_back(std::make_unique<Scope>());
  kept.back()->outer = &globals;
  execute(body, *kept.back(), out);
  return !failed();
}

Interpreter::Flow Interpreter::execute(const Body &body, Scope &scope, std::string &out) {
  if (++depth > deepestCall) {
    fail("found more than 400 levels of calls");
    return Flow::Stop;
  }
  Flow flow = Flow::Next;
  for (const NodePtr &node : body) {
    const size_t before = out.size();
    if (charge(1))
      flow = statement(*node, scope, out);
    made += out.size() - before;
    if (out.size() > limits.output || made > limits.output * 4)
      fail("the template makes more than " + std::to_string(limits.output) + " bytes");
    if (failed())
      flow = Flow::Stop;
    if (flow != Flow::Next)
      break;
  }
  --depth;
  return flow;
}

Interpreter::Flow Interpreter::statement(const Node &node, Scope &scope, std::string &out) {
  line = node.line;
  switch (node.kind) {
  case Node::Kind::Text:
    out += node.name;
    return Flow::Next;
  case Node::Kind::Output:
    out += text(evaluate(*node.value, scope));
    return Flow::Next;
  case Node::Kind::If:
    for (const auto &[condition, body] : node.branches) {
      const bool chosen = !condition || evaluate(*condition, scope).truthy();
      if (failed())
        return Flow::Stop;
      if (chosen)
        return execute(body, scope, out);
    }
    return Flow::Next;
  case Node::Kind::For:
    return forLoop(node, scope, out);
  case Node::Kind::Set: {
    const Value value = evaluate(*node.value, scope);
    if (!failed())
      assign(*node.target, value, scope);
    return Flow::Next;
  }
  case Node::Kind::SetBlock: {
    Flow flow = Flow::Next;
    Value value = capture(node.body, scope, flow);
    if (node.value && !failed()) {
      Scope inner;
      inner.outer = &scope;
      inner.names[" filtered"] = value;
      value = evaluate(*node.value, inner);
    }
    if (!failed())
      assign(*node.target, value, scope);
    return flow;
  }
  case Node::Kind::Macro:
    scope.names[node.name] = makeMacro(node, scope, node.name);
    return Flow::Next;
  case Node::Kind::CallBlock: {
    Scope inner;
    inner.outer = &scope;
    Arguments given;
    const Value function = evaluate(*node.value->args[0], scope);
    if (!arguments(*node.value, scope, given))
      return Flow::Stop;
    given.named.emplace_back("caller", makeMacro(node, scope, "caller"));
    out += text(call(function, given));
    return Flow::Next;
  }
  case Node::Kind::FilterBlock: {
    Flow flow = Flow::Next;
    Scope inner;
    inner.outer = &scope;
    inner.names[" filtered"] = capture(node.body, inner, flow);
    if (!failed())
      out += text(evaluate(*node.value, inner));
    return flow;
  }
  case Node::Kind::With: {
    Scope inner;
    inner.outer = &scope;
    for (const auto &[name, value] : node.params)
      inner.names[name] = evaluate(*value, scope);
    return execute(node.body, inner, out);
  }
  case Node::Kind::Group:
    return execute(node.body, scope, out);
  case Node::Kind::Break:
    return Flow::Break;
  case Node::Kind::Continue:
    return Flow::Continue;
  }
  return Flow::Next;
}

Value Interpreter::capture(const Body &body, Scope &scope, Flow &flow) {
  Scope inner;
  inner.outer = &scope;
  std::string out;
  flow = execute(body, inner, out);
  return makeString(std::move(out));
}

Value Interpreter::makeLoop(const List &items, size_t index, const std::shared_ptr<Value> &lastChanged) {
  const auto place = static_cast<int64_t>(index), count = static_cast<int64_t>(items.size());
  Dict loop;
  const auto put = [&](const char *name, Value value) { loop.emplace_back(Value::string(name), std::move(value)); };
  put("index0", Value::integer(place));
  put("index", Value::integer(place + 1));
  put("revindex", Value::integer(count - place));
  put("revindex0", Value::integer(count - place - 1));
  put("first", Value::boolean(place == 0));
  put("last", Value::boolean(place + 1 == count));
  put("length", Value::integer(count));
  put("depth", Value::integer(1));
  put("depth0", Value::integer(0));
  put("previtem", index ? items[index - 1] : Value::undefined("there is no previous item"));
  put("nextitem", index + 1 < items.size() ? items[index + 1] : Value::undefined("there is no next item"));
  put("cycle", Value::callable({"cycle", [place](Interpreter &in, const Arguments &arguments) {
                                  const auto size = static_cast<int64_t>(arguments.positional.size());
                                  return size ? arguments.positional[place % size] : in.fail("found loop.cycle() without items");
                                }}));
  put("changed", Value::callable({"changed", [lastChanged](Interpreter &, const Arguments &arguments) {
                                    const Value now = Value::list(arguments.positional);
                                    const bool changed = lastChanged->isUndefined() || !equal(*lastChanged, now);
                                    *lastChanged = now;
                                    return Value::boolean(changed);
                                  }}));
  return Value::dict(std::move(loop));
}

Interpreter::Flow Interpreter::forLoop(const Node &node, Scope &scope, std::string &out) {
  List items;
  if (!iterate(evaluate(*node.value, scope), items) || failed())
    return Flow::Stop;
  if (node.condition) {
    List kept;
    for (Value &item : items) {
      Scope inner;
      inner.outer = &scope;
      assign(*node.target, item, inner);
      const bool wanted = evaluate(*node.condition, inner).truthy();
      if (failed())
        return Flow::Stop;
      if (wanted)
        kept.push_back(std::move(item));
    }
    items = std::move(kept);
  }
  if (items.empty())
    return execute(node.otherwise, scope, out);
  const auto lastChanged = std::make_shared<Value>();
  for (size_t i = 0; i < items.size(); ++i) {
    Scope inner;
    inner.outer = &scope;
    charge(20); // what makeLoop costs
    inner.names["loop"] = makeLoop(items, i, lastChanged);
    assign(*node.target, items[i], inner);
    if (failed())
      return Flow::Stop;
    const Flow flow = execute(node.body, inner, out);
    if (flow == Flow::Stop)
      return flow;
    if (flow == Flow::Break)
      break;
  }
  return Flow::Next;
}

void Interpreter::assign(const Expr &target, const Value &value, Scope &scope) {
  if (value.weight() > largestValue * 2 || value.depth() > deepestValue) {
    fail("found a value that is too large or too deep");
    return;
  }
  if (value.holdsNamespace()) {
    fail("found a list or mapping with a namespace in it");
    return;
  }
  if (target.kind == Expr::Kind::Name) {
    scope.names[target.name] = value;
    return;
  }
  if (target.kind == Expr::Kind::Attribute) {
    const Value owner = evaluate(*target.args[0], scope);
    if (failed())
      return;
    if (!owner.isNamespace()) {
      fail("found " + std::string(owner.kindName()) + ", expected a namespace to set '" + target.name + "' of");
      return;
    }
    if (value.isNamespace()) {
      fail("found a namespace as the attribute of a namespace");
      return;
    }
    setEntry(owner.mutableDict(), Value::string(target.name), value);
    return;
  }
  List items;
  if (!iterate(value, items))
    return;
  if (items.size() != target.args.size()) {
    fail("found " + std::to_string(items.size()) + " values, expected " + std::to_string(target.args.size()));
    return;
  }
  for (size_t i = 0; i < items.size(); ++i)
    assign(*target.args[i], items[i], scope);
}

/// A macro sees the scope where it stands, which may be gone when it is called: so that scope's values are copied into one
/// that stays, unless it is one that stays anyway.
Value Interpreter::makeMacro(const Node &node, Scope &scope, std::string name) {
  Scope *around = &scope;
  const bool stays = kept.size() > 1 && (around == kept[1].get() || around == kept[0].get());
  if (!stays) {
    kept.push_back(std::make_unique<Scope>());
    Scope *copy = kept.back().get();
    copy->outer = kept[1].get();
    std::vector<const Scope *> chain;
    for (const Scope *at = around; at && at != kept[1].get() && at != kept[0].get(); at = at->outer)
      chain.push_back(at);
    for (auto at = chain.rbegin(); at != chain.rend(); ++at)
      for (const auto &[key, value] : (*at)->names)
        copy->names[key] = value;
    charge(copy->names.size() + 16);
    around = copy;
  }
  const Node *const body = &node;
  const auto run = [body, around](Interpreter &in, const Arguments &given) {
    Scope inner;
    inner.outer = around;
    size_t next = 0;
    for (const auto &[param, otherwise] : body->params) {
      const Value *value = given.get(next++, param);
      if (value)
        inner.names[param] = *value;
      else
        inner.names[param] =
            otherwise ? in.evaluate(*otherwise, inner) : Value::undefined("parameter '" + param + "' was not provided");
    }
    if (given.positional.size() > body->params.size())
      return in.fail("found " + std::to_string(given.positional.size()) + " arguments, expected at most " +
                     std::to_string(body->params.size()));
    for (const auto &[key, value] : given.named) {
      if (key == "caller")
        inner.names[key] = value;
      else if (!inner.names.contains(key))
        return in.fail("found the argument '" + key + "', which the macro does not have");
    }
    std::string out;
    in.execute(body->body, inner, out);
    return in.makeString(std::move(out));
  };
  return Value::callable({std::move(name), run});
}

bool Interpreter::iterate(const Value &value, List &items) {
  switch (value.kind()) {
  case Value::Kind::Undefined:
    return true;
  case Value::Kind::List:
    items = value.list();
    break;
  case Value::Kind::String:
    for (size_t at = 0; at < value.text().size();) {
      const size_t begin = at;
      decodeUtf8(value.text(), at);
      items.push_back(Value::string(value.text().substr(begin, at - begin)));
    }
    break;
  case Value::Kind::Dict:
    for (const auto &[key, item] : value.dict())
      items.push_back(key);
    break;
  default:
    fail("found " + std::string(value.kindName()) + ", expected something to iterate over");
    return false;
  }
  return charge(items.size());
}

} // namespace tensel::text::jinja
