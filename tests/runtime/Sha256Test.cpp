// SHA-256 against the vectors of FIPS 180-4 and its own two ways against each other.
#include "runtime/package/Sha256.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>
#include <string>
#include <vector>

using namespace tensel::rt;

static std::string digest(Sha256 &sha) {
  uint8_t bytes[32];
  sha.finish(bytes);
  std::string text;
  for (uint8_t byte : bytes)
    for (int shift : {4, 0})
      text += "0123456789abcdef"[byte >> shift & 15];
  return text;
}

static std::string hash(const std::string &message, bool useInstructions) {
  Sha256 sha(useInstructions);
  sha.update(message.data(), message.size());
  return digest(sha);
}

TEST(Sha256, Vectors) {
  for (bool instructions : {false, Sha256::hasInstructions()}) {
    EXPECT_EQ(hash("", instructions), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(hash("abc", instructions), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", instructions),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    EXPECT_EQ(hash(std::string(1000000, 'a'), instructions), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  }
}

TEST(Sha256, PiecesAndWaysAgree) {
  std::mt19937 random(2);
  for (int round = 0; round < 200; ++round) {
    std::string message(random() % 700, 0);
    for (char &byte : message)
      byte = char(random());
    std::string expected = hash(message, false);
    EXPECT_EQ(hash(message, Sha256::hasInstructions()), expected) << message.size();
    Sha256 sha;
    for (size_t at = 0; at < message.size();) {
      size_t part = std::min<size_t>(random() % 150, message.size() - at);
      sha.update(message.data() + at, part);
      at += part;
    }
    EXPECT_EQ(digest(sha), expected) << message.size();
  }
}
