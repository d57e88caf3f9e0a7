// What happened in a compilation, as data: each source node's way through the passes to its kernels, each dispatch with its cost, and
// the memory plan with what is alive at its peak. `tensel explain` prints it, --report-json writes it (docs/report.schema.json).
#ifndef TENSEL_COMPILER_REPORT_REPORT_H
#define TENSEL_COMPILER_REPORT_REPORT_H

#include <cstdint>
#include <string>
#include <vector>

namespace tensel::report {

/// Of docs/report.schema.json: raised whenever a reader of the last version could misread a report.
inline constexpr int schemaVersion = 1;

/// What a pass decided about an op of a node.
struct Decision {
  std::string pass, what, reason;
  bool isTaken = false; ///< else refused
  bool operator==(const Decision &) const = default;
};

/// The ops that a node is after a pass, where the pass changed them.
struct Ops {
  std::string function;
  std::vector<std::string> ops; ///< in program order
  bool operator==(const Ops &) const = default;
};
struct Stage {
  std::string pass; ///< "import" for what the frontend made
  std::vector<Ops> functions;
};

/// What became of a node.
enum class Fate {
  Kernel,   ///< kernels compute it
  View,     ///< its result is another view of its input's bytes
  Host,     ///< the host program computes it, with dims or control flow
  Constant, ///< its value is known when compiling
  Merged,   ///< another node or an input gives its value
  Dead,     ///< nothing reads its result
  Unknown,  ///< a pass lost its track: a bug, which the tests look for
};
const char *nameOf(Fate fate);

struct DispatchPlace {
  int function, dispatch; ///< indices
};

struct Node {
  std::string id, name, op;
  Fate fate = Fate::Unknown;
  std::string why; ///< where no kernel computes it
  std::vector<Stage> stages;
  std::vector<Decision> decisions;
  std::vector<DispatchPlace> dispatches;
};

/// One call of a kernel by the host program.
struct Dispatch {
  std::string kernel;
  std::vector<int> nodes; ///< indices; the one whose result it writes first
  int position = 0;       ///< in the memory plan
  /// At the symbols' maxima; -1 where they have none. Bytes that several ops of a kernel read count once.
  int64_t operations = -1, bytesRead = -1, bytesWritten = -1;
  std::string apart; ///< why its result goes through memory to its only reader; "" where there is none or several
};

struct Buffer {
  std::string name;        ///< the node whose result it holds first
  int64_t bytes = -1;      ///< at the symbols' maxima; -1 where they have none
  int64_t offset = -1;     ///< in the arena
  int first = 0, last = 0; ///< positions between which it lives, inclusive
};

struct Function {
  std::string name;
  std::vector<Dispatch> dispatches;
  std::vector<Buffer> buffers;
  int64_t peakBytes = -1;     ///< of the arena
  int64_t aliveBytes = -1;    ///< the most that is alive at once: no plan has a smaller arena
  int peakPosition = -1;      ///< where that is
  std::vector<int> peakAlive; ///< buffers that live there, the largest first
};

struct Kernel {
  std::string name;
  std::vector<std::string> ops; ///< of the graph dialect
  int dispatches = 0;
};

struct Symbol {
  std::string name;
  int64_t min = 1, max = -1, step = 1;
};

struct Report {
  std::string model, compiler;
  std::vector<std::string> options, passes;
  std::vector<Symbol> symbols;
  std::vector<Node> nodes; ///< in the file's order
  std::vector<Function> functions;
  std::vector<Kernel> kernels;
};

/// The JSON of docs/report.schema.json.
std::string toJson(const Report &report);

/// For people: the whole model, or one node in full.
std::string toText(const Report &report);
std::string toText(const Report &report, const Node &node);

/// The nodes that `name` means: those of that name or id, else those whose name begins with it.
std::vector<const Node *> findNodes(const Report &report, const std::string &name);

} // namespace tensel::report
#endif // TENSEL_COMPILER_REPORT_REPORT_H
