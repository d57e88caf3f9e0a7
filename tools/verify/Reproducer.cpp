// Writing reproducers; see Reproducer.h.
#include "tools/verify/Reproducer.h"

#include "tools/tensel/Files.h"
#include "tools/tensel/Inputs.h"
#include "tools/tensel/Npy.h"
#include "llvm/Support/FileSystem.h"

namespace tensel::cli {

std::string shellWord(const std::string &text) {
  std::string word = "'";
  for (char c : text)
    word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

namespace {
std::string commandOf(const verification::BrokenPromise &broken, const std::string &folder, const std::string &flags) {
  std::string module = shellWord(folder + "/before.mlir"), command;
  if (broken.pass.empty())
    command = "tensel run " + module + " --verify-each=numeric --function=" + shellWord(broken.function);
  else
    command =
        "tensel-opt " + module + " --verify-each-numeric --pass-pipeline=" + shellWord("builtin.module(" + broken.pass + ")");
  for (auto [k, name] : llvm::enumerate(broken.inputNames))
    command += std::string(broken.pass.empty() ? " --input " : " --verify-input=") +
               shellWord(name + "=@" + folder + "/input-" + std::to_string(k) + ".npy");
  return command + (flags.empty() ? "" : " " + shellWord(flags));
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

llvm::Error writeTensors(const std::string &folder, const std::string &prefix, llvm::ArrayRef<reference::Tensor> tensors) {
  if (std::error_code failed = llvm::sys::fs::create_directories(folder))
    return llvm::createStringError("cannot make the folder '" + folder + "': " + failed.message());
  for (auto [k, tensor] : llvm::enumerate(tensors))
    if (std::string error = writeNpy(folder + "/" + prefix + "-" + std::to_string(k) + ".npy",
                                     static_cast<tensel_elem_type>(tensor.getKind()), tensor.getDims().vec(), tensor.getData());
        !error.empty())
      return llvm::createStringError(error);
  return llvm::Error::success();
}

llvm::Error writeCommand(const std::string &folder, const std::string &module, const std::string &command) {
  for (auto [name, text] : {std::pair("/before.mlir", &module), {"/command.sh", &command}})
    if (std::string error = writeFile(folder + name, {*text, "\n"}); !error.empty())
      return llvm::createStringError(error);
  return llvm::Error::success();
}

llvm::Expected<std::string> writeReproducer(const verification::BrokenPromise &broken, const std::string &folder,
                                            const std::string &flags) {
  if (llvm::Error error = writeTensors(folder, "input", broken.inputs))
    return std::move(error);
  std::string command = commandOf(broken, folder, flags);
  if (llvm::Error error = writeCommand(folder, broken.before, command))
    return std::move(error);
  return command;
}

llvm::Error withReproducer(llvm::Error error, const verification::Verifier &verifier, const std::string &folder,
                           const std::string &flags) {
  if (!error || !verifier.broken())
    return error;
  llvm::Expected<std::string> command = writeReproducer(*verifier.broken(), folder, flags);
  return llvm::createStringError(
      llvm::toString(std::move(error)) + "\n" +
      (command ? "to see it again: " + *command : "no reproducer: " + llvm::toString(command.takeError())));
}
} // namespace tensel::cli
