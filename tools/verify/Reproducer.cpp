// Writing reproducers; see Reproducer.h.
#include "tools/verify/Reproducer.h"

#include "tools/tensel/Files.h"
#include "tools/tensel/Inputs.h"
#include "tools/tensel/Npy.h"
#include "llvm/Support/FileSystem.h"

namespace tensel::cli {
namespace {
/// As a word of a shell's command.
std::string quoted(const std::string &text) {
  std::string word = "'";
  for (char c : text)
    word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

std::string commandOf(const verification::BrokenPromise &broken, const std::vector<std::string> &inputs,
                      const std::string &folder) {
  std::string module = quoted(folder + "/before.mlir"), command;
  if (broken.pass.empty())
    command = "tensel run " + module + " --verify-each=numeric --function=" + quoted(broken.function);
  else
    command = "tensel-opt " + module + " --verify-each-numeric --pass-pipeline=" + quoted("builtin.module(" + broken.pass + ")");
  for (auto [k, name] : llvm::enumerate(inputs))
    command += std::string(broken.pass.empty() ? " --input " : " --verify-input=") +
               quoted(name + "=@" + folder + "/input-" + std::to_string(k) + ".npy");
  return command;
}

/// "" or what failed.
std::string write(const verification::BrokenPromise &broken, const std::string &folder, std::string &command) {
  if (std::error_code failed = llvm::sys::fs::create_directories(folder))
    return "cannot make the folder '" + folder + "': " + failed.message();
  for (auto [k, input] : llvm::enumerate(broken.inputs))
    if (std::string error = writeNpy(folder + "/input-" + std::to_string(k) + ".npy",
                                     static_cast<tensel_elem_type>(input.getKind()), input.getDims().vec(), input.getData());
        !error.empty())
      return error;
  command = commandOf(broken, broken.inputNames, folder);
  if (std::string error = writeFile(folder + "/before.mlir", {broken.before, "\n"}); !error.empty())
    return error;
  return writeFile(folder + "/command.sh", {command, "\n"});
}
} // namespace

reference::Tensor toReference(const HostTensor &tensor) {
  auto bytes = std::make_shared<std::vector<char>>(tensor.data(), tensor.data() + tensor.byteSize());
  return reference::Tensor::borrow(static_cast<reference::Kind>(tensor.type), tensor.dims, *bytes, bytes);
}

bool toHost(const reference::Tensor &tensor, HostTensor &host) {
  if (!host.allocate(static_cast<tensel_elem_type>(tensor.getKind()), tensor.getDims().vec()))
    return false;
  std::copy(tensor.getBytes().begin(), tensor.getBytes().end(), host.data());
  return true;
}

llvm::Expected<verification::GivenInputs> readGivenInputs(const std::vector<std::string> &texts, const char *option) {
  verification::GivenInputs given;
  for (const std::string &text : texts) {
    NamedText named;
    HostTensor tensor;
    if (std::string error = parseNamedText(text, option, named); !error.empty())
      return llvm::createStringError(error);
    if (named.text[0] != '@')
      return llvm::createStringError(std::string(option) + ": found '" + text + "', expected NAME=@FILE.npy");
    if (std::string error = readNpy(named.text.substr(1), tensor); !error.empty())
      return llvm::createStringError("input '" + named.name + "': " + error);
    given[named.name] = toReference(tensor);
  }
  return given;
}

llvm::Error withReproducer(llvm::Error error, const verification::Verifier &verifier, const std::string &folder) {
  if (!error || !verifier.broken())
    return error;
  std::string command, failed = write(*verifier.broken(), folder, command);
  return llvm::createStringError(llvm::toString(std::move(error)) + "\n" +
                                 (failed.empty() ? "to see it again: " + command : "no reproducer: " + failed));
}
} // namespace tensel::cli
