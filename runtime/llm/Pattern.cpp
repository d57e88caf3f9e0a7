// The matcher. Every choice is either the other way of a Split or a run that can be cut back, one character at a time.
#include "runtime/llm/Pattern.h"

#include "runtime/llm/Unicode.h"

#include <algorithm>

namespace tensel::text {

Pattern Pattern::literal(std::string_view text) {
  Pattern pattern;
  pattern.fixed = text;
  return pattern;
}

/// The end of the longest run at `at`, and how many characters it has.
size_t Pattern::runOf(Machine &machine, const Instruction &instruction, size_t at, uint32_t &count) const {
  const CharSet &set = sets[instruction.set];
  for (count = 0; count < instruction.most && at < machine.text.size(); ++count) {
    size_t next = at;
    if (!set.contains(decodeUtf8(machine.text, next)))
      break;
    at = next;
  }
  machine.work += count + 1;
  return at;
}

bool Pattern::run(Machine &machine, uint32_t pc, size_t &at, int depth) const {
  const std::string_view text = machine.text;
  const size_t base = machine.choices.size();
  size_t pos = at;
  while (machine.work <= machine.limit) {
    ++machine.work;
    const Instruction &instruction = program[pc];
    bool good = true;
    switch (instruction.op) {
    case Op::Run: {
      uint32_t count = 0;
      const size_t end = runOf(machine, instruction, pos, count);
      if (count < instruction.least) {
        good = false;
        break;
      }
      if (!instruction.possessive && count > instruction.least) {
        size_t least = pos;
        for (uint32_t i = 0; i < instruction.least; ++i)
          decodeUtf8(text, least);
        machine.choices.push_back({pc + 1, end, least});
      }
      pos = end;
      ++pc;
      break;
    }
    case Op::Split:
      machine.choices.push_back({instruction.target, pos, pos});
      ++pc;
      break;
    case Op::Jump:
      pc = instruction.target;
      break;
    case Op::Ahead:
    case Op::NotAhead: {
      size_t inner = pos;
      good = depth < 8 && run(machine, pc + 1, inner, depth + 1) == (instruction.op == Op::Ahead);
      pc = instruction.target;
      break;
    }
    case Op::LineStart:
      good = pos == 0 || text[pos - 1] == '\n';
      ++pc;
      break;
    case Op::LineEnd:
      good = pos == text.size() || text[pos] == '\n';
      ++pc;
      break;
    case Op::TextStart:
      good = pos == 0;
      ++pc;
      break;
    case Op::TextEnd:
      good = pos == text.size();
      ++pc;
      break;
    case Op::Match:
      machine.choices.resize(base);
      at = pos;
      return true;
    }
    if (good)
      continue;
    if (machine.choices.size() == base)
      return false;
    Choice &choice = machine.choices.back();
    pc = choice.pc;
    if (choice.at > choice.least) {
      pos = choice.at = previousUtf8(text, choice.at);
      if (choice.at == choice.least)
        machine.choices.pop_back();
    } else {
      pos = choice.at;
      machine.choices.pop_back();
    }
  }
  machine.choices.resize(base);
  return false;
}

bool Pattern::findLiteral(std::string_view text, std::vector<MatchRange> &out) const {
  size_t done = 0;
  for (size_t at = text.find(fixed); at != std::string_view::npos; at = text.find(fixed, done)) {
    if (at > done)
      out.push_back({done, at, false});
    done = at + fixed.size();
    out.push_back({at, done, true});
  }
  if (done < text.size())
    out.push_back({done, text.size(), false});
  return true;
}

bool Pattern::findAll(std::string_view text, std::vector<MatchRange> &out) const {
  if (!fixed.empty())
    return findLiteral(text, out);
  Machine machine{text, {}, 0, 65536 + 256 * text.size()};
  // An alternative that starts with an unbounded run and failed where the run began fails in the whole run: what could
  // follow the run was tried at each of its places.
  std::vector<size_t> hopeless(starts.size(), 0);
  size_t done = 0;
  for (size_t at = 0; at < text.size();) {
    size_t end = at;
    bool found = false;
    for (size_t i = 0; i < starts.size() && !found; ++i) {
      if (at < hopeless[i])
        continue;
      found = run(machine, starts[i], end, 0);
      const Instruction &first = program[starts[i]];
      if (!found && first.op == Op::Run && first.least <= 1 && first.most == UINT32_MAX && !first.possessive) {
        uint32_t count = 0;
        hopeless[i] = runOf(machine, first, at, count);
      }
    }
    if (machine.work > machine.limit)
      return false;
    if (!found) {
      decodeUtf8(text, at);
      continue;
    }
    if (at > done)
      out.push_back({done, at, false});
    out.push_back({at, end, true});
    at = done = end;
  }
  if (done < text.size())
    out.push_back({done, text.size(), false});
  return true;
}

} // namespace tensel::text
