// A report as text for people.
#include "compiler/report/Report.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include <map>

namespace tensel::report {
namespace {
std::string bytesText(int64_t bytes) {
  if (bytes < 0)
    return "? B";
  if (bytes < 10240)
    return llvm::formatv("{0} B", bytes);
  return bytes < 10 << 20 ? llvm::formatv("{0:f1} KiB", double(bytes) / 1024).str()
                          : llvm::formatv("{0:f1} MiB", double(bytes) / (1 << 20)).str();
}

std::string countText(int64_t count) {
  if (count < 0)
    return "?";
  return count < 1000000 ? std::to_string(count) : llvm::formatv("{0:f1} M", double(count) / 1e6).str();
}

/// "graph.add x3, graph.mul", in the order of first appearance.
std::string opsText(const std::vector<std::string> &ops) {
  std::vector<std::pair<std::string, int>> counts;
  for (const std::string &op : ops) {
    auto found = llvm::find_if(counts, [&](const auto &known) { return known.first == op; });
    if (found == counts.end())
      counts.emplace_back(op, 1);
    else
      ++found->second;
  }
  std::string text;
  for (const auto &[op, count] : counts)
    text += (text.empty() ? "" : ", ") + op + (count > 1 ? " x" + std::to_string(count) : "");
  return text;
}

void print(llvm::raw_ostream &out, const Stage &stage) {
  if (stage.functions.empty()) {
    out << llvm::formatv("  {0,-28} nothing is left of it\n", stage.pass);
    return;
  }
  // Functions in which it is the same share a line.
  std::vector<std::pair<std::string, std::string>> lines;
  for (const Ops &ops : stage.functions) {
    std::string text = opsText(ops.ops);
    auto found = llvm::find_if(lines, [&](const auto &line) { return line.second == text; });
    if (found == lines.end())
      lines.emplace_back(ops.function, text);
    else
      found->first += ", " + ops.function;
  }
  for (const auto &[functions, text] : lines)
    out << llvm::formatv("  {0,-28} {1}{2}\n", stage.pass, lines.size() > 1 ? functions + ": " : "", text);
}

void print(llvm::raw_ostream &out, const Report &report, const Dispatch &dispatch) {
  out << dispatch.kernel;
  auto kernel = llvm::find_if(report.kernels, [&](const Kernel &known) { return known.name == dispatch.kernel; });
  if (kernel != report.kernels.end())
    out << " (" << opsText(kernel->ops) << ")";
  out << ": " << countText(dispatch.operations) << " operations, reads " << bytesText(dispatch.bytesRead) << ", writes "
      << bytesText(dispatch.bytesWritten);
}

std::string symbolsText(const Report &report) {
  std::string text;
  bool isBounded = true;
  for (const Symbol &symbol : report.symbols) {
    text += (text.empty() ? "" : ", ") + symbol.name + (symbol.max < 0 ? "=?" : "=" + std::to_string(symbol.max));
    isBounded &= symbol.max >= 0;
  }
  return isBounded ? text : text + " (--shape SYMBOL=MAX says how large a symbol may be)";
}

void printPeak(llvm::raw_ostream &out, const Report &report, const Function &function) {
  out << "function " << function.name << ": " << function.dispatches.size() << " dispatches, an arena of "
      << bytesText(function.peakBytes);
  if (function.peakBytes >= 0)
    out << ", of which " << bytesText(function.aliveBytes) << " are alive at once";
  out << "\n";
  auto at =
      llvm::find_if(function.dispatches, [&](const Dispatch &dispatch) { return dispatch.position == function.peakPosition; });
  if (at != function.dispatches.end() && !at->nodes.empty())
    out << "  the peak is at " << report.nodes[at->nodes.front()].id << ", with\n";
  constexpr size_t most = 12;
  for (auto [i, index] : llvm::enumerate(function.peakAlive)) {
    const Buffer &buffer = function.buffers[index];
    if (i == most) {
      out << "    and " << function.peakAlive.size() - most << " smaller ones\n";
      break;
    }
    out << llvm::formatv("    {0,12} at offset {1,-12} {2}\n", bytesText(buffer.bytes), buffer.offset, buffer.name);
  }
}
} // namespace

const char *nameOf(Fate fate) {
  switch (fate) {
  case Fate::Kernel:
    return "kernel";
  case Fate::View:
    return "view";
  case Fate::Host:
    return "host";
  case Fate::Constant:
    return "constant";
  case Fate::Merged:
    return "merged";
  case Fate::Dead:
    return "dead";
  case Fate::Unknown:
    return "unknown";
  }
  return "unknown";
}

std::string toText(const Report &report) {
  std::string text;
  llvm::raw_string_ostream out(text);
  std::map<std::string, int> fates;
  for (const Node &node : report.nodes)
    ++fates[nameOf(node.fate)];
  out << report.model << ": " << report.nodes.size() << " source nodes (";
  llvm::interleaveComma(fates, out, [&](const auto &fate) { out << fate.second << " " << fate.first; });
  out << "), " << report.kernels.size() << " kernels\n";
  if (!report.symbols.empty())
    out << "numbers are for " << symbolsText(report) << "\n";
  size_t width = 0;
  for (const Node &node : report.nodes)
    width = std::min<size_t>(60, std::max(width, node.id.size()));
  out << "\n";
  for (const Node &node : report.nodes) {
    out << node.id << std::string(width > node.id.size() ? width - node.id.size() : 0, ' ') << "  ";
    std::vector<std::string> kernels;
    for (const DispatchPlace &place : node.dispatches)
      if (const std::string &kernel = report.functions[place.function].dispatches[place.dispatch].kernel;
          !llvm::is_contained(kernels, kernel))
        kernels.push_back(kernel);
    out << nameOf(node.fate) << (kernels.empty() ? ": " + node.why : " " + llvm::join(kernels, " ")) << "\n";
  }
  out << "\n";
  for (const Function &function : report.functions)
    printPeak(out, report, function);
  return text;
}

std::string toText(const Report &report, const Node &node) {
  std::string text;
  llvm::raw_string_ostream out(text);
  out << node.id << ": " << nameOf(node.fate) << (node.why.empty() ? "" : ", " + node.why) << "\n";
  if (!report.symbols.empty())
    out << "numbers are for " << symbolsText(report) << "\n";
  out << "\nwhat it was after each pass that changed it\n";
  for (const Stage &stage : node.stages)
    print(out, stage);
  if (!node.decisions.empty())
    out << "\nwhat passes decided\n";
  for (const Decision &decision : node.decisions)
    out << llvm::formatv("  {0,-28} {1} {2}: {3}\n", decision.pass, decision.isTaken ? "did" : "did not", decision.what,
                         decision.reason);
  if (!node.dispatches.empty())
    out << "\nkernels\n";
  for (const DispatchPlace &place : node.dispatches) {
    const Function &function = report.functions[place.function];
    const Dispatch &dispatch = function.dispatches[place.dispatch];
    out << "  " << function.name << "#" << place.dispatch << " ";
    print(out, report, dispatch);
    out << "\n";
    if (dispatch.nodes.size() > 1) {
      out << "    with";
      const char *separator = " ";
      for (int other : dispatch.nodes)
        if (&report.nodes[other] != &node) {
          out << separator << report.nodes[other].id;
          separator = ", ";
        }
      out << "\n";
    }
    for (const Buffer &buffer : function.buffers)
      if (buffer.first == dispatch.position && buffer.offset >= 0)
        out << llvm::formatv("    result: {0} at offset {1} of the arena, alive from position {2} to {3}{4}\n",
                             bytesText(buffer.bytes), buffer.offset, buffer.first, buffer.last,
                             buffer.first <= function.peakPosition && function.peakPosition <= buffer.last ? ", at the peak"
                                                                                                           : "");
  }
  out << "\n";
  for (const Function &function : report.functions)
    if (llvm::any_of(node.dispatches, [&](const DispatchPlace &place) { return &report.functions[place.function] == &function; }))
      printPeak(out, report, function);
  return text;
}

std::vector<const Node *> findNodes(const Report &report, const std::string &name) {
  std::vector<const Node *> exact, beginning;
  for (const Node &node : report.nodes) {
    if (node.id == name || node.name == name)
      exact.push_back(&node);
    if (llvm::StringRef(node.id).starts_with(name))
      beginning.push_back(&node);
  }
  return exact.empty() ? beginning : exact;
}

} // namespace tensel::report
