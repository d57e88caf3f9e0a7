// The subcommands: what each is told by the command line, and the functions that do it. main.cpp fills the options in.
#ifndef TENSEL_TOOLS_TENSEL_COMMANDS_H
#define TENSEL_TOOLS_TENSEL_COMMANDS_H

#include <optional>
#include <string>
#include <vector>

namespace tensel::cli {

/// Exit statuses.
inline constexpr int done = 0, userError = 1, ourFault = 2;

/// `--quantize`: how many bits has what meets a quantized weight, after its rounding?
inline constexpr const char *roundedTo16 = "int16", *roundedTo8 = "int8", *notRounded = "none";
/// 16, 8 or 0.
int roundedBits(const std::string &quantize);

/// `--verify-each=numeric`.
struct VerifyFlags {
  std::string each, reproducer = "tensel-reproducer";
  double seconds = 60;
};

struct CompileOptions {
  std::string model, output, emit = "package", target = "cpu", stopAfter, dumpAfter, reportJson, quantize = roundedTo16,
                             maxMemory;
  std::vector<std::string> shapes;
  bool bitExact = false;
  VerifyFlags verify;
};

struct RunOptions {
  std::string model, function, device = "cpu", reference = "ir", profile, reportJson, quantize = roundedTo16, maxMemory;
  std::vector<std::string> inputs, outputs, expects, shapes;
  double rtol = 1e-5, atol = 1e-8;
  int threads = 0;
  bool bitExact = false;
  std::optional<double> benchmarkSeconds;
  VerifyFlags verify;
};

/// What all commands share that run a language model: the model, how its code is made, and how much it may take.
struct LanguageOptions {
  std::string model, quantize = roundedTo16, maxMemory;
  std::vector<std::string> shapes;
  bool bitExact = false;
  int threads = 0;
};

/// What `generate` and `chat` share.
struct TextOptions : LanguageOptions {
  std::string system;
  std::vector<std::string> stops;
  int tokens = 256, context = 0, topK = 40;
  double temperature = 0.8, topP = 0.95, minP = 0.05, typicalP = 1, repetition = 1, presence = 0, frequency = 0;
  uint64_t seed = 0;
  bool greedy = false, shift = false;
};

struct GenerateOptions : TextOptions {
  std::vector<std::string> prompts;
  std::string promptFile, promptsFile, profile;
  bool json = false, raw = false, ignoreEnd = false;
};

struct PerplexityOptions : LanguageOptions {
  std::string file;
  int context = 512;
  bool json = false;
};

struct EmbedOptions : LanguageOptions {
  std::string file;
  std::vector<std::string> texts;
  bool json = false;
};

struct ExplainOptions {
  std::string model, node, reportJson, quantize = roundedTo16;
  std::vector<std::string> shapes;
};

struct InspectOptions {
  std::string file;
  std::vector<std::string> shapes;
  int threads = 1;
  bool json = false;
};

struct BisectCommand {
  std::string model, function, quantize = roundedTo16, reproducer = "tensel-reproducer";
  std::vector<std::string> inputs, expects, shapes;
  double rtol = 1e-5, atol = 1e-8;
};

struct CompareCommand {
  std::string left, right, with, function, device, quantize = roundedTo16;
  std::vector<std::string> inputs, shapes;
  double rtol = 1e-3, atol = 1e-4;
};

/// Each prints its results to stdout, errors to stderr, and returns the exit status.
int compileCommand(const CompileOptions &options);
int runCommand(const RunOptions &options);
int explainCommand(const ExplainOptions &options);
int inspectCommand(const InspectOptions &options);
int bisectCommand(const BisectCommand &options);
int compareCommand(const CompareCommand &options);
int generateCommand(const GenerateOptions &options);
int chatCommand(const TextOptions &options);
int perplexityCommand(const PerplexityOptions &options);
int embedCommand(const EmbedOptions &options);

/// Prints "tensel: error: <message>" and returns the status. Further lines of the message are indented.
int fail(const std::string &message, int status = userError);

} // namespace tensel::cli
#endif // TENSEL_TOOLS_TENSEL_COMMANDS_H
