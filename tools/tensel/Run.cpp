// `tensel run`: inputs from files or generated, one run or a benchmark, outputs to files, held against expectations.
#include "tools/tensel/Commands.h"

#include "tools/tensel/Compare.h"
#include "tools/tensel/Files.h"
#include "tools/tensel/Npy.h"
#include "tools/tensel/Runner.h"
#include <algorithm>
#include <chrono>
#include <cstdio>

namespace tensel::cli {
namespace {
std::string quotedNames(const std::vector<Signature> &signatures) {
  std::string names;
  for (const Signature &signature : signatures)
    names += (names.empty() ? "'" : ", '") + signature.name + "'";
  return names.empty() ? "none" : names;
}

const Signature *findSignature(const std::vector<Signature> &signatures, const std::string &name) {
  for (const Signature &signature : signatures)
    if (signature.name == name)
      return &signature;
  return nullptr;
}

class RunJob {
public:
  explicit RunJob(const RunOptions &options) : options(options) {}

  /// Each step returns an empty string or the one message.
  std::string run() {
    for (auto step : {&RunJob::parse, &RunJob::open, &RunJob::makeInputs, &RunJob::execute, &RunJob::finish})
      if (std::string error = (this->*step)(); !error.empty())
        return error;
    return "";
  }

private:
  std::string parse() {
    auto parseAll = [](const std::vector<std::string> &texts, const char *option,
                       std::map<std::string, std::string> &to) -> std::string {
      for (const std::string &text : texts) {
        NamedText named;
        if (std::string error = parseNamedText(text, option, named); !error.empty())
          return error;
        if (!to.emplace(named.name, named.text).second)
          return std::string(option) + ": found '" + named.name + "' twice";
      }
      return "";
    };
    if (std::string error = parseAll(options.inputs, "--input", inputSpecs); !error.empty())
      return error;
    if (std::string error = parseAll(options.outputs, "--output", outputFiles); !error.empty())
      return error;
    if (std::string error = parseAll(options.expects, "--expect", expectFiles); !error.empty())
      return error;
    for (auto *files : {&outputFiles, &expectFiles})
      for (auto &[name, file] : *files) {
        if (file[0] != '@' || file.size() == 1)
          return std::string(files == &outputFiles ? "--output" : "--expect") + ": found '" + name + "=" + file + "', expected " +
                 name + "=@FILE.npy";
        file.erase(0, 1);
        if (files == &outputFiles)
          if (std::string error = checkOutputPath(file); !error.empty())
            return error;
      }
    for (const std::string &text : options.shapes) {
      ShapeRange range;
      if (std::string error = parseShapeRange(text, range); !error.empty())
        return error;
      sizes[range.symbol] = range.max;
    }
    return "";
  }

  std::string open() {
    for (const auto &[name, spec] : inputSpecs)
      if (spec[0] == '@')
        if (std::string error = readNpy(spec.substr(1), given[name]); !error.empty())
          return "input '" + name + "': " + error;
    std::string error;
    runner = makeRunner(options, given, error);
    return error;
  }

  std::string makeInputs() {
    for (const auto &[name, spec] : inputSpecs)
      if (!findSignature(runner->inputs, name))
        return "--input: found '" + name + "', expected one of " + quotedNames(runner->inputs);
    std::string missing;
    for (const Signature &signature : runner->inputs)
      if (!inputSpecs.count(signature.name))
        missing += (missing.empty() ? "'" : ", '") + signature.name + "' (" + formatType(signature.type, signature.dims) + ")";
    if (!missing.empty())
      return "no value for the inputs " + missing + ": give --input NAME=VALUE for each";
    for (auto *files : {&outputFiles, &expectFiles})
      for (const auto &[name, file] : *files)
        if (!findSignature(runner->outputs, name))
          return std::string(files == &outputFiles ? "--output" : "--expect") + ": found '" + name + "', expected one of " +
                 quotedNames(runner->outputs);
    sizes.insert(runner->fixedSizes.begin(), runner->fixedSizes.end());
    for (const Signature &signature : runner->inputs) {
      const std::string &spec = inputSpecs[signature.name];
      HostTensor tensor;
      if (auto file = given.find(signature.name); file != given.end()) {
        tensor = std::move(file->second);
        if (signature.type == TENSEL_BF16 && tensor.type == TENSEL_U16)
          tensor.type = TENSEL_BF16;
      } else if (std::string error = makeInput(signature, spec, sizes, tensor); !error.empty()) {
        return error;
      }
      tensors.push_back(std::move(tensor));
    }
    return runner->prepare(tensors);
  }

  std::string execute() {
    if (std::string error = runner->run(); !error.empty() || !options.benchmarkSeconds)
      return error;
    using Clock = std::chrono::steady_clock;
    std::vector<double> times;
    Clock::time_point end =
        Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(*options.benchmarkSeconds));
    do {
      runner->rewind();
      Clock::time_point start = Clock::now();
      if (std::string error = runner->run(); !error.empty())
        return error;
      times.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
    } while (Clock::now() < end);
    std::sort(times.begin(), times.end());
    std::printf("{\"min_ms\": %.6g, \"median_ms\": %.6g, \"runs\": %zu, \"threads\": %d}\n", times.front(),
                times[times.size() / 2], times.size(), runner->threads());
    return "";
  }

  std::string finish() {
    std::vector<HostTensor> results;
    if (std::string error = runner->results(results); !error.empty())
      return error;
    for (size_t k = 0; k < results.size(); ++k) {
      const std::string &name = runner->outputs[k].name;
      auto file = outputFiles.find(name);
      if (file != outputFiles.end())
        if (std::string error = writeNpy(file->second, results[k].type, results[k].dims, results[k].data()); !error.empty())
          return error;
      if (outputFiles.empty() && expectFiles.empty() && !options.benchmarkSeconds)
        std::printf("%s: %s\n", name.c_str(), summarize(results[k]).c_str());
    }
    if (!options.profile.empty())
      if (std::string error = writeFile(options.profile, {runner->profile()}); !error.empty())
        return error;
    std::string wrong;
    for (const auto &[name, file] : expectFiles) {
      size_t k = static_cast<size_t>(findSignature(runner->outputs, name) - runner->outputs.data());
      HostTensor expected;
      if (std::string error = readNpy(file, expected); !error.empty())
        return "--expect: " + error;
      if (expected.type == TENSEL_U16 && results[k].type == TENSEL_BF16)
        expected.type = TENSEL_BF16;
      if (std::string difference = compareTensors(results[k], expected, options.rtol, options.atol); !difference.empty())
        wrong += (wrong.empty() ? "" : "\n") + std::string("output '") + name + "': " + difference;
    }
    return wrong;
  }

  const RunOptions &options;
  std::map<std::string, std::string> inputSpecs, outputFiles, expectFiles;
  std::map<std::string, int64_t> sizes;
  GivenTensors given;
  std::vector<HostTensor> tensors;
  std::unique_ptr<Runner> runner;
};
} // namespace

int runCommand(const RunOptions &options) {
  std::string error = RunJob(options).run();
  return error.empty() ? done : fail(error);
}
} // namespace tensel::cli
