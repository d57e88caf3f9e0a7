// tensel: the command line. Defines the options of every subcommand; what they do is in one file each.
#include "tools/tensel/Commands.h"

#include "runtime/include/tensel/runtime.h"
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <unistd.h>

namespace tensel::cli {
void installCrashHandlers();

int roundedBits(const std::string &quantize) { return quantize == roundedTo16 ? 16 : quantize == roundedTo8 ? 8 : 0; }

namespace {
void addQuantize(CLI::App *command, std::string &quantize) {
  command
      ->add_option("--quantize", quantize,
                   "what meets a quantized weight is rounded to int16, or to int8, which is faster and less exact, or not (none)")
      ->check(CLI::IsMember({roundedTo16, roundedTo8, notRounded}));
}

void addReport(CLI::App *command, std::string &report) {
  command->add_option("--report-json", report, "write what the compiler did with each source node, and why, to this JSON file");
}

void addMaxMemory(CLI::App *command, std::string &bytes, const char *what) {
  command->add_option("--max-memory", bytes, std::string(what) + "; bytes, or with K, M, G (thousands), KiB, MiB, GiB");
}

void addBitExact(CLI::App *command, bool &bitExact) {
  command->add_flag("--bit-exact", bitExact,
                    "results have the same bits at every CPU level and batch size; sums are slower (docs/bit-exact.md)");
}

void addVerify(CLI::App *command, VerifyFlags &verify) {
  command
      ->add_option("--verify-each", verify.each,
                   "numeric: run the reference interpreter before and after each pass, and the compiled code, on generated "
                   "inputs (or those of "
                   "--input @F.npy), and stop at the first pass that changes more than it declares")
      ->check(CLI::IsMember({"numeric"}));
  command->add_option("--verify-budget", verify.seconds, "seconds that the interpreter may take; what is left out is said")
      ->check(CLI::Range(0.0, 1e6));
  command->add_option("--reproducer", verify.reproducer,
                      "the folder to write what shows the wrong pass again (default: tensel-reproducer)");
}

void addCompile(CLI::App &app, CompileOptions &options) {
  CLI::App *command = app.add_subcommand("compile", "compile a model ahead of time");
  command->add_option("MODEL", options.model, "an .onnx or .mlir file, a .gguf file, or a Hugging Face folder")->required();
  command->add_option("-o,--output", options.output,
                      "the file to write (default: the model's name beside this folder, with the kind's ending)");
  command->add_option("--emit", options.emit, "what to write")
      ->check(CLI::IsMember({"package", "obj", "so", "header", "mlir", "llvm", "asm"}));
  command->add_option("--target", options.target, "cpu, or cpu:LEVEL for one level alone: x86-64-v3, x86-64-v4, x86-64-v4+vnni");
  command->add_option("--shape", options.shapes, "SYMBOL=MIN..MAX or SYMBOL=VALUE: the sizes to compile for")
      ->allow_extra_args(false);
  addQuantize(command, options.quantize);
  addReport(command, options.reportJson);
  addBitExact(command, options.bitExact);
  addVerify(command, options.verify);
  addMaxMemory(command, options.maxMemory,
               "make a session need at most this beside weights and inputs, or say what is in the way");
  command->add_option("--stop-after", options.stopAfter, "write the IR as it is after this phase, and stop");
  command->add_option("--dump-after", options.dumpAfter, "print the IR after this phase to stderr, and go on");
}

void addInputs(CLI::App *command, std::vector<std::string> &inputs, std::vector<std::string> &shapes, std::string &function) {
  command->add_option("--function", function, "the function to run (default: the first)");
  command->add_option("--input", inputs, "NAME=@F.npy, zeros, ones, random[:SEED], iota, or SHAPExTYPE=VALUE")
      ->allow_extra_args(false);
  command->add_option("--shape", shapes, "SYMBOL=VALUE for generated inputs, SYMBOL=MIN..MAX for the sizes to compile for")
      ->allow_extra_args(false);
}

void addRun(CLI::App &app, RunOptions &options) {
  CLI::App *command = app.add_subcommand("run", "run a model or a package");
  command->add_option("MODEL", options.model, "an .onnx, .mlir or .tensel file")->required();
  addInputs(command, options.inputs, options.shapes, options.function);
  command->add_option("--output", options.outputs, "NAME=@F.npy: where to write an output")->allow_extra_args(false);
  command->add_option("--expect", options.expects, "NAME=@F.npy: what an output must be")->allow_extra_args(false);
  command->add_option("--rtol", options.rtol, "relative tolerance of --expect")->check(CLI::NonNegativeNumber);
  command->add_option("--atol", options.atol, "absolute tolerance of --expect")->check(CLI::NonNegativeNumber);
  addQuantize(command, options.quantize);
  addReport(command, options.reportJson);
  addBitExact(command, options.bitExact);
  addVerify(command, options.verify);
  addMaxMemory(command, options.maxMemory,
               "need at most this beside weights and inputs, or say what is in the way and do not run");
  command->add_option("--device", options.device, "cpu, or reference for the interpreter")
      ->check(CLI::IsMember({"cpu", "reference"}));
  command->add_option("--reference", options.reference, "the interpreter's numbers: ir, the types of the model, or f64")
      ->check(CLI::IsMember({"ir", "f64"}));
  command->add_option("--threads", options.threads, "how many threads compute (default: one for each CPU)")
      ->check(CLI::Range(0, 1024));
  command->add_option("--benchmark", options.benchmarkSeconds, "run for this many seconds and print one JSON line")
      ->check(CLI::Range(0.0, 1e6));
  command->add_option("--profile", options.profile,
                      "write a trace for Chrome or Perfetto to this JSON file: each kernel's runs, by source node");
}

/// MODEL, how its code is made, threads, memory.
void addLanguageModel(CLI::App *command, LanguageOptions &options, const char *fit) {
  command->add_option("MODEL", options.model, "a .gguf file, a Hugging Face folder, or a .tensel file made of one")->required();
  addQuantize(command, options.quantize);
  addBitExact(command, options.bitExact);
  addMaxMemory(command, options.maxMemory, fit);
  command->add_option("--threads", options.threads, "how many threads compute (default: one for each CPU)")
      ->check(CLI::Range(0, 1024));
}

void addText(CLI::App *command, TextOptions &options) {
  addLanguageModel(command, options,
                   "take at most this beside weights: read long prompts in smaller pieces, or say what is in the way");
  command->add_option("-n,--tokens", options.tokens, "the most tokens of an answer")->check(CLI::Range(1, 1 << 30));
  command->add_option("--context", options.context, "the most tokens of prompt and answer (default: what they need)")
      ->check(CLI::Range(2, 1 << 30));
  command->add_flag("--context-shift", options.shift, "forget the older half of a full context instead of stopping");
  command->add_option("--system", options.system, "what the system says first");
  command->add_flag("--greedy", options.greedy, "always take the most likely token");
  command->add_option("--temperature", options.temperature, "0: as --greedy")->check(CLI::Range(0.0, 100.0));
  command->add_option("--top-k", options.topK, "choose among so many tokens; 0: all")->check(CLI::Range(0, 1 << 30));
  command->add_option("--top-p", options.topP, "choose among the likeliest of this much probability")
      ->check(CLI::Range(0.0, 1.0));
  command->add_option("--min-p", options.minP, "leave out what is less likely than this share of the likeliest")
      ->check(CLI::Range(0.0, 1.0));
  command->add_option("--typical-p", options.typicalP, "choose among the most typical of this much probability")
      ->check(CLI::Range(0.0, 1.0));
  command->add_option("--repetition-penalty", options.repetition, "1: off")->check(CLI::Range(0.01, 100.0));
  command->add_option("--presence-penalty", options.presence, "taken off the logit of what was said")
      ->check(CLI::Range(-100.0, 100.0));
  command->add_option("--frequency-penalty", options.frequency, "the same, as often as it was said")
      ->check(CLI::Range(-100.0, 100.0));
  command->add_option("--seed", options.seed, "the same seed gives the same text");
  command->add_option("--stop", options.stops, "a text that ends the answer; may be given again")->allow_extra_args(false);
}

void addGenerate(CLI::App &app, GenerateOptions &options) {
  CLI::App *command = app.add_subcommand("generate", "answer a prompt with a language model");
  addText(command, options);
  command
      ->add_option(
          "-p,--prompt", options.prompts,
          "the prompt (default: from --file, or the standard input); may be given again, for prompts that are answered together")
      ->allow_extra_args(false);
  command->add_option("-f,--file", options.promptFile, "a file with the prompt");
  command->add_option("--prompts-file", options.promptsFile, "a file with a prompt on each line, answered together");
  command->add_flag("--raw", options.raw, "go on with the prompt as it is, without the model's chat template");
  command->add_flag("--ignore-end", options.ignoreEnd, "go on after the model's own end");
  command->add_flag("--json", options.json, "print one JSON object a prompt instead of the text");
  command->add_option("--profile", options.profile,
                      "write a trace for Chrome or Perfetto to this JSON file: each kernel's runs, by source node");
}

void addChat(CLI::App &app, TextOptions &options) {
  options.tokens = 1024;
  addText(app.add_subcommand("chat", "talk with a language model; Ctrl-C stops an answer, Ctrl-D ends"), options);
}

void addPerplexity(CLI::App &app, PerplexityOptions &options) {
  CLI::App *command = app.add_subcommand("perplexity", "how well a language model predicts a text");
  addLanguageModel(command, options,
                   "take at most this beside weights: score the text in smaller pieces, or say what is in the way");
  command->add_option("FILE", options.file, "the text")->required();
  command->add_option("--context", options.context, "tokens of a window; those of its second half count")
      ->check(CLI::Range(4, 1 << 30));
  command->add_flag("--json", options.json, "as JSON");
}

void addEmbed(CLI::App &app, EmbedOptions &options) {
  CLI::App *command = app.add_subcommand("embed", "the vectors of texts, by a model such as MiniLM");
  addLanguageModel(command, options, "take at most this beside weights for the longest text, or say what is in the way");
  command->add_option("-p,--text", options.texts, "a text; may be given again")->allow_extra_args(false);
  command->add_option("-f,--file", options.file, "a file with a text on each line");
  command->add_flag("--json", options.json, "one JSON object a text");
}

void addExplain(CLI::App &app, ExplainOptions &options) {
  CLI::App *command =
      app.add_subcommand("explain", "say what becomes of a model's nodes: fusions taken and refused, kernels, memory");
  command->add_option("MODEL", options.model, "an .onnx or .mlir file, a .gguf file, or a Hugging Face folder")->required();
  command->add_option("NODE", options.node, "one node, or how its name begins (default: a line for each node)");
  command->add_option("--shape", options.shapes, "SYMBOL=MIN..MAX or SYMBOL=VALUE: the sizes to compile for")
      ->allow_extra_args(false);
  addQuantize(command, options.quantize);
  addReport(command, options.reportJson);
}

void addInspect(CLI::App &app, InspectOptions &options) {
  CLI::App *command = app.add_subcommand("inspect", "say what a package or model holds");
  command->add_option("FILE", options.file, "a .tensel, .onnx or .mlir file")->required();
  command->add_option("--shape", options.shapes, "SYMBOL=VALUE: state a package's memory for this size (default: its largest)")
      ->allow_extra_args(false);
  command->add_option("--threads", options.threads, "state it for so many threads")->check(CLI::Range(1, 1024));
  command->add_flag("--json", options.json, "as JSON");
}

void addTolerance(CLI::App *command, double &rtol, double &atol) {
  command->add_option("--rtol", rtol, "relative tolerance")->check(CLI::NonNegativeNumber);
  command->add_option("--atol", atol, "absolute tolerance")->check(CLI::NonNegativeNumber);
}

void addBisect(CLI::App &app, BisectCommand &options) {
  CLI::App *command = app.add_subcommand("bisect", "find the pass that makes a model miss an expectation, and the ops it breaks");
  command->add_option("MODEL", options.model, "an .onnx or .mlir file, a .gguf file, or a Hugging Face folder")->required();
  addInputs(command, options.inputs, options.shapes, options.function);
  command->add_option("--expect", options.expects, "NAME=@F.npy: what an output must be")->allow_extra_args(false);
  addTolerance(command, options.rtol, options.atol);
  addQuantize(command, options.quantize);
  command->add_option("--reproducer", options.reproducer,
                      "the folder to write what shows the wrong pass again (default: tensel-reproducer)");
}

void addCompare(CLI::App &app, CompareCommand &options) {
  CLI::App *command = app.add_subcommand("compare", "how far each tensor of two runs drifts apart, by source node");
  command->add_option("A", options.left, "a model or a package")->required();
  command->add_option("B", options.right, "another one (default: A by the compiler, against A by the reference interpreter)");
  command->add_option("--with", options.with, "onnxruntime: in place of B, A's .onnx file by the installed onnxruntime")
      ->check(CLI::IsMember({"onnxruntime"}));
  addInputs(command, options.inputs, options.shapes, options.function);
  command->add_option(
      "--device", options.device,
      "A,B: cpu, reference, or f64 (the reference in f64); one for both (default: cpu, for A alone reference,cpu)");
  command->add_option("--quantize", options.quantize,
                      "A,B: what meets a quantized weight is rounded to int16, int8, or not (none); one for both");
  addTolerance(command, options.rtol, options.atol);
}

int run(int argc, char **argv) {
  CLI::App app("Tensel compiles neural networks to small native programs.", "tensel");
  app.set_version_flag("--version", std::string("tensel ") + tensel_version());
  app.require_subcommand(1);
  CompileOptions compile;
  RunOptions run;
  InspectOptions inspect;
  GenerateOptions generate;
  TextOptions chat;
  PerplexityOptions perplexity;
  EmbedOptions embed;
  BisectCommand bisect;
  CompareCommand compare;
  ExplainOptions explain;
  addCompile(app, compile);
  addRun(app, run);
  addGenerate(app, generate);
  addChat(app, chat);
  addPerplexity(app, perplexity);
  addEmbed(app, embed);
  addExplain(app, explain);
  addInspect(app, inspect);
  addBisect(app, bisect);
  addCompare(app, compare);

  // `--benchmark` alone means one second; without a '=' it must not swallow the next word.
  std::vector<std::string> words;
  for (int k = argc - 1; k > 0; --k)
    words.push_back(std::strcmp(argv[k], "--benchmark") == 0 ? "--benchmark=1" : argv[k]);
  try {
    app.parse(words);
  } catch (const CLI::ParseError &error) {
    if (error.get_exit_code() == 0)
      return app.exit(error);
    return fail(error.what());
  }
  if (app.got_subcommand("compile"))
    return compileCommand(compile);
  if (app.got_subcommand("generate"))
    return generateCommand(generate);
  if (app.got_subcommand("chat"))
    return chatCommand(chat);
  if (app.got_subcommand("perplexity"))
    return perplexityCommand(perplexity);
  if (app.got_subcommand("embed"))
    return embedCommand(embed);
  if (app.got_subcommand("bisect"))
    return bisectCommand(bisect);
  if (app.got_subcommand("compare"))
    return compareCommand(compare);
  if (app.got_subcommand("explain"))
    return explainCommand(explain);
  return app.got_subcommand("run") ? runCommand(run) : inspectCommand(inspect);
}
} // namespace
} // namespace tensel::cli

int main(int argc, char **argv) {
  // A closed pipe or a file size limit is an error of a write, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  tensel::cli::installCrashHandlers();
  try {
    return tensel::cli::run(argc, argv);
  } catch (const std::bad_alloc &) {
    return tensel::cli::fail("not enough memory");
  } catch (const std::exception &error) {
    return tensel::cli::fail(std::string("internal: ") + error.what(), tensel::cli::ourFault);
  }
}
