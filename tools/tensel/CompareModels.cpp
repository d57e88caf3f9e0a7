// `tensel compare`: two runs side by side, node by node in the order of the source, the first divergence on top.
#include "tools/tensel/CompareRuns.h"

#include "compiler/verification/Compare.h"
#include "tools/tensel/HostTensor.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include <cstdio>

namespace tensel::cli {
namespace {
using reference::Tensor;
using verification::Trace;

/// "X,Y", or one for both.
llvm::Expected<std::pair<std::string, std::string>> both(llvm::StringRef text, llvm::StringRef option,
                                                         llvm::ArrayRef<llvm::StringRef> known) {
  auto [left, right] = text.split(',');
  right = right.empty() ? left : right;
  for (llvm::StringRef one : {left, right})
    if (!llvm::is_contained(known, one))
      return llvm::createStringError(option + ": found '" + text + "', expected one or two (A,B) of " + llvm::join(known, ", "));
  return std::make_pair(left.str(), right.str());
}

struct Row {
  std::string node, type, difference;
  verification::Drift drift;
  bool isThere = false;
};

class CompareJob {
public:
  explicit CompareJob(const CompareCommand &options) : options(options) {}

  /// Whether no value is away by more than the tolerance.
  llvm::Expected<bool> run() {
    if (llvm::Error error = choose())
      return std::move(error);
    llvm::Expected<Trace> left = runSide(sides[0], options);
    if (!left)
      return left.takeError();
    llvm::Expected<Trace> right = runSide(sides[1], options);
    if (!right)
      return right.takeError();
    return print(rowsOf(*left, *right));
  }

private:
  llvm::Error choose() {
    if (!options.with.empty() && !options.right.empty())
      return llvm::createStringError("--with: found '" + options.with + "' and '" + options.right + "', expected one of them");
    bool isAlone = options.right.empty() && options.with.empty() && options.device.empty();
    auto devices = both(isAlone                  ? "reference,cpu"
                        : options.device.empty() ? "cpu"
                                                 : options.device,
                        "--device", {"cpu", "reference", "f64"});
    if (!devices)
      return devices.takeError();
    auto rounded = both(options.quantize, "--quantize", {roundedTo16, roundedTo8, notRounded});
    if (!rounded)
      return rounded.takeError();
    sides[0] = {options.left, devices->first, rounded->first};
    sides[1] = {options.right.empty() ? options.left : options.right, options.with.empty() ? devices->second : options.with,
                rounded->second};
    return llvm::Error::success();
  }

  /// A row for each value on the left; on the right, the value of that node that comes at the same place, or the next of these dims.
  std::vector<Row> rowsOf(const Trace &left, const Trace &right) {
    llvm::StringMap<std::vector<Tensor>> byNode;
    for (const verification::NodeValue &value : right)
      byNode[value.node].push_back(value.tensor);
    llvm::StringMap<size_t> seen;
    std::vector<Row> rows;
    for (const verification::NodeValue &value : left) {
      std::vector<Tensor> &there = byNode[value.node];
      size_t at = seen[value.node]++;
      auto fits = [&](const Tensor &tensor) { return tensor.getDims() == value.tensor.getDims(); };
      if (at >= there.size() || !fits(there[at]))
        at = llvm::find_if(there, fits) - there.begin();
      bool isOutput = llvm::StringRef(value.node).starts_with("output ");
      if (at == there.size() && isOutput && !there.empty())
        at = 0; // other dims are a difference, too
      Row &row = rows.emplace_back();
      row.node = value.node;
      row.type = formatType(static_cast<tensel_elem_type>(value.tensor.getKind()), value.tensor.getDims().vec());
      row.isThere = at < there.size();
      if (!row.isThere)
        continue;
      Tensor a = value.tensor, b = there[at];
      if (a.getKind() != b.getKind() && isFloat(a.getKind()) && isFloat(b.getKind())) {
        a = a.withFloatKind(reference::Kind::F64);
        b = b.withFloatKind(reference::Kind::F64);
      }
      row.difference = verification::differenceBeyond(b, a, {options.rtol, options.atol});
      row.drift = verification::driftBetween(b, a);
    }
    return rows;
  }

  bool print(const std::vector<Row> &rows) {
    auto isAway = [](const Row &row) { return !row.difference.empty(); };
    auto first = llvm::find_if(rows, isAway);
    size_t compared = llvm::count_if(rows, [](const Row &row) { return row.isThere; });
    std::printf("A: %s\nB: %s\n", sides[0].title().c_str(), sides[1].title().c_str());
    if (first == rows.end())
      std::printf("no divergence: %zu values are within rtol %g and atol %g\n", compared, options.rtol, options.atol);
    else
      std::printf("first divergence: %s: %s; expected is A\n", first->node.c_str(), first->difference.c_str());
    size_t width = 4;
    for (const Row &row : rows)
      width = std::max(width, std::min<size_t>(row.node.size(), 60));
    std::printf("  %-*s %-20s %10s %10s %10s\n", int(width), "node", "type", "most |A|", "most |B-A|", "share");
    for (const Row &row : rows) {
      std::printf("%c %-*s %-20s", isAway(row) ? '*' : ' ', int(width), row.node.c_str(), row.type.c_str());
      if (row.isThere)
        std::printf(" %10.3g %10.3g %10.2g\n", row.drift.magnitude, row.drift.distance,
                    row.drift.magnitude > 0 ? row.drift.distance / row.drift.magnitude : 0);
      else
        std::printf(" %10s\n", "not in B");
    }
    std::printf("%zu of %zu values compared, %zu diverge (*)\n", compared, rows.size(),
                static_cast<size_t>(llvm::count_if(rows, isAway)));
    return first == rows.end();
  }

  const CompareCommand &options;
  Side sides[2];
};
} // namespace

int compareCommand(const CompareCommand &options) {
  llvm::Expected<bool> isSame = CompareJob(options).run();
  if (!isSame)
    return fail(llvm::toString(isSame.takeError()));
  return *isSame ? done : userError;
}
} // namespace tensel::cli
