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
    if (std::string error = inputs.parse(options.inputs, options.shapes); !error.empty())
      return error;
    if (std::string error = parseNamedFiles(options.outputs, "--output", outputFiles); !error.empty())
      return error;
    if (std::string error = parseNamedFiles(options.expects, "--expect", expectFiles); !error.empty())
      return error;
    for (const auto &[name, file] : outputFiles)
      if (std::string error = checkOutputPath(file); !error.empty())
        return error;
    return "";
  }

  std::string open() {
    std::string error;
    runner = makeRunner(options, inputs.known(), error);
    return error;
  }

  std::string makeInputs() {
    if (std::string error = inputs.make(runner->inputs, runner->fixedSizes, tensors); !error.empty())
      return error;
    for (auto *files : {&outputFiles, &expectFiles})
      for (const auto &[name, file] : *files)
        if (!findSignature(runner->outputs, name))
          return std::string(files == &outputFiles ? "--output" : "--expect") + ": found '" + name + "', expected one of " +
                 quotedNames(runner->outputs);
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
      expected.readAs(results[k].type);
      if (std::string difference = compareTensors(results[k], expected, options.rtol, options.atol); !difference.empty())
        wrong += (wrong.empty() ? "" : "\n") + std::string("output '") + name + "': " + difference;
    }
    return wrong;
  }

  const RunOptions &options;
  InputSet inputs;
  std::map<std::string, std::string> outputFiles, expectFiles;
  std::vector<HostTensor> tensors;
  std::unique_ptr<Runner> runner;
};
} // namespace

int runCommand(const RunOptions &options) {
  std::string error = RunJob(options).run();
  return error.empty() ? done : fail(error);
}
} // namespace tensel::cli
