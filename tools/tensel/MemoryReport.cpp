// See MemoryReport.h.
#include "tools/tensel/MemoryReport.h"

#include "tools/tensel/Inputs.h"
#include "tools/tensel/SizeText.h"
#include <algorithm>

namespace tensel::cli {
namespace {
using Json = nlohmann::ordered_json;
constexpr size_t mostShown = 8; // values and expressions in the text

/// The sums of what is alive, one for each position that no other one covers, the largest at `sizes` first.
std::vector<std::string> liveExpressions(const rt::PackageData &package, const rt::FunctionData &function,
                                         const rt::FunctionPlan &plan) {
  std::vector<std::string> symbols;
  for (const rt::SymbolData &symbol : package.symbols)
    symbols.push_back(symbol.name);
  std::vector<SizeSum> sums;
  for (const rt::PlannedValueData &value : function.plannedValues)
    sums.push_back(readSizeSum(value.sizeExpr, symbols));
  struct Position {
    int64_t bytes;
    SizeSum sum;
  };
  std::vector<Position> kept;
  std::vector<int32_t> begins;
  for (const rt::PlannerValue &value : plan.values)
    begins.push_back(value.first);
  std::sort(begins.begin(), begins.end());
  begins.erase(std::unique(begins.begin(), begins.end()), begins.end());
  for (int32_t at : begins) {
    Position position = {0, {}};
    for (size_t i = 0; i < sums.size(); ++i)
      if (plan.values[i].first <= at && at <= plan.values[i].last) {
        position.bytes += plan.values[i].bytes;
        position.sum = position.sum + sums[i];
      }
    if (std::any_of(kept.begin(), kept.end(), [&](const Position &other) { return isAtMost(position.sum, other.sum); }))
      continue;
    kept.erase(std::remove_if(kept.begin(), kept.end(), [&](const Position &other) { return isAtMost(other.sum, position.sum); }),
               kept.end());
    kept.push_back(std::move(position));
  }
  std::sort(kept.begin(), kept.end(), [](const Position &a, const Position &b) { return a.bytes > b.bytes; });
  std::vector<std::string> texts;
  for (const Position &position : kept)
    texts.push_back(textOf(position.sum));
  return texts;
}

/// "'conv' 4096, 'relu' 4096, and 3 more"
std::string aliveText(const Json &alive) {
  std::string text;
  for (size_t i = 0; i < std::min(alive.size(), mostShown); ++i) {
    const std::string name = alive[i]["name"];
    text += (i ? ", " : "") + (name.empty() ? std::string("?") : "'" + name + "'") + " " + alive[i]["bytes"].dump();
  }
  if (alive.size() > mostShown)
    text += ", and " + std::to_string(alive.size() - mostShown) + " more";
  return text.empty() ? "nothing" : text;
}
} // namespace

std::string chooseSizes(const rt::PackageData &package, const std::vector<std::string> &shapes, std::vector<int64_t> &sizes) {
  sizes = rt::declaredMaxima(package);
  for (const std::string &text : shapes) {
    ShapeRange range;
    if (std::string error = parseShapeRange(text, range); !error.empty())
      return error;
    std::string known;
    bool found = false;
    for (size_t s = 0; s < sizes.size(); ++s) {
      const rt::SymbolData &symbol = package.symbols[s];
      known += (known.empty() ? "'" : ", '") + symbol.name + "'";
      if (symbol.name != range.symbol)
        continue;
      found = true;
      if (range.max < symbol.min || (symbol.max >= 0 && range.max > symbol.max))
        return "--shape: found " + std::to_string(range.max) + " for '" + symbol.name + "', expected " +
               std::to_string(symbol.min) + " to " + (symbol.max < 0 ? "any" : std::to_string(symbol.max));
      sizes[s] = range.max / symbol.step * symbol.step;
    }
    if (!found)
      return "--shape: found symbol '" + range.symbol + "', expected " +
             (known.empty() ? "none: all dims are fixed" : "one of " + known);
  }
  return "";
}

Json describeMemory(const rt::PackageData &package, const rt::FunctionData &function, const std::vector<int64_t> &sizes,
                    int threads) {
  std::optional<rt::SessionMemory> memory = rt::stateMemory(package, function, sizes, threads);
  std::optional<rt::FunctionPlan> plan = rt::planFunction(function, sizes, {0, 0});
  if (!memory || !plan)
    return nullptr;
  Json at = Json::object(), alive = Json::array();
  for (size_t s = 0; s < sizes.size(); ++s)
    at[package.symbols[s].name] = sizes[s];
  for (uint32_t i : plan->aliveAtPeak())
    alive.push_back({{"name", function.plannedValues[i].name}, {"bytes", plan->values[i].bytes}});
  return {{"at", std::move(at)},
          {"threads", threads},
          {"total", memory->total()},
          {"arena", memory->arena},
          {"states", memory->states},
          {"tables", memory->tables},
          {"stacks", memory->stacks},
          {"live", plan->live.bytes},
          {"alive_at_peak", std::move(alive)},
          {"live_is_max_of", liveExpressions(package, function, *plan)}};
}

std::string refuseMemory(const rt::PackageData &package, const rt::FunctionData &function, const std::vector<int64_t> &sizes,
                         int threads, int64_t limit) {
  std::optional<rt::SessionMemory> memory = rt::stateMemory(package, function, sizes, threads);
  if (memory && memory->total() <= limit)
    return "";
  if (!memory)
    return "--max-memory: what '" + function.name + "' needs is not bounded";
  const Json described = describeMemory(package, function, sizes, threads);
  return "--max-memory: found a need of " + std::to_string(memory->total()) + " bytes by '" + function.name +
         "', expected at most " + std::to_string(limit) + "\nalive at its peak: " + aliveText(described["alive_at_peak"]) +
         (memory->stacks ? "\nthe stacks of its threads: " + std::to_string(memory->stacks) + "; fewer --threads take less" : "");
}

std::string memoryText(const Json &memory) {
  if (memory.is_null())
    return "  memory not bounded (a symbol has no maximum: give --shape SYMBOL=VALUE)\n";
  auto number = [&](const char *name) { return memory[name].dump(); };
  std::string at;
  for (const auto &[name, value] : memory["at"].items())
    at += (at.empty() ? " at " : ", ") + name + "=" + value.dump();
  std::string text = "  memory " + number("total") + " bytes" + at + ", " + number("threads") +
                     (memory["threads"] == 1 ? " thread" : " threads") + ": arena " + number("arena") + " bytes, states " +
                     number("states") + ", tables " + number("tables") + ", stacks " + number("stacks") + "\n  alive at once " +
                     number("live") + " bytes: " + aliveText(memory["alive_at_peak"]) + "\n";
  const Json &sums = memory["live_is_max_of"];
  if (memory["at"].empty() || sums.empty())
    return text;
  text += "  alive at once, as sizes vary: the largest of\n";
  for (size_t i = 0; i < std::min(sums.size(), mostShown); ++i)
    text += "    " + sums[i].get<std::string>() + "\n";
  if (sums.size() > mostShown)
    text += "    and " + std::to_string(sums.size() - mostShown) + " more (--json has all)\n";
  return text;
}
} // namespace tensel::cli
