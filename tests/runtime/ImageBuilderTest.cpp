// Shared objects to images: what lld makes is taken apart rightly, and no damaged file does harm.
#include "tests/runtime/Sample.h"

#include <cstring>
#include <elf.h>
#include <gtest/gtest.h>
#include <random>

using namespace tensel::rt;
using namespace tensel::rt::test;

TEST(ImageBuilder, TakesTheSampleApart) {
  std::vector<uint8_t> elf = sampleSharedObject();
  ImageBuilder builder;
  ASSERT_EQ(builder.parse(elf.data(), elf.size()), "");
  EXPECT_TRUE(builder.find("scale_add"));
  EXPECT_TRUE(builder.find("k1"));
  EXPECT_FALSE(builder.find("memset"));
  EXPECT_FALSE(builder.find("nothing"));

  const ImageData &image = builder.image;
  uint64_t end = 0;
  bool hasCode = false, hasData = false;
  for (const SegmentData &segment : image.segments) {
    EXPECT_EQ(segment.offset % imagePage, 0u);
    EXPECT_GE(segment.offset, end);
    EXPECT_LE(segment.fileSize, segment.size);
    EXPECT_LE(segment.offset + segment.fileSize, image.bytes.size());
    EXPECT_NE(segment.prot & (protWrite | protExecute), protWrite | protExecute);
    hasCode |= segment.prot == (protRead | protExecute);
    hasData |= segment.prot == (protRead | protWrite);
    end = segment.offset + segment.size;
  }
  EXPECT_TRUE(hasCode);
  EXPECT_TRUE(hasData);
  // The table of two kernels.
  ASSERT_EQ(image.relativeRelocs.size(), 2u);
  ASSERT_EQ(image.imports.size(), 2u);
  EXPECT_EQ(image.imports[0].name, "expf");
  EXPECT_EQ(image.imports[1].name, "memset");
  uint64_t first;
  memcpy(&first, image.bytes.data() + image.relativeRelocs[0], sizeof first);
  EXPECT_EQ(first, builder.find("k0").value());
}

TEST(ImageBuilder, NamesWhatIsWrong) {
  ImageBuilder builder;
  EXPECT_EQ(builder.parse("", 0), "code image: not an ELF file");
  std::vector<uint8_t> elf = sampleSharedObject();
  std::vector<uint8_t> object = elf;
  object[16] = ET_REL;
  EXPECT_NE(builder.parse(object.data(), object.size()).find("expected a 64-bit x86-64 shared object"), std::string::npos);
  // An import that the runtime does not have.
  const char known[] = "memset";
  auto at = std::search(elf.begin(), elf.end(), known, known + sizeof known);
  ASSERT_NE(at, elf.end());
  memcpy(&*at, "system", 6);
  EXPECT_EQ(builder.parse(elf.data(), elf.size()), "code image: the runtime does not have 'system'");
}

TEST(ImageBuilder, SurvivesDamage) {
  const std::vector<uint8_t> elf = sampleSharedObject();
  ImageBuilder builder;
  for (size_t size = 0; size < elf.size(); size += 7)
    EXPECT_NE(builder.parse(std::vector<uint8_t>(elf.begin(), elf.begin() + ptrdiff_t(size)).data(), size), "");
  std::mt19937 random(3);
  for (int round = 0; round < 3000; ++round) {
    std::vector<uint8_t> damaged = elf;
    for (unsigned i = 0; i < 1 + random() % 4; ++i) {
      // Mostly headers: the text has nothing to check. Large sizes stay out, they only cost time here.
      size_t at = random() % 2 ? random() % 512 : random() % elf.size();
      damaged[at] = uint8_t(random() % 64);
    }
    (void)builder.parse(damaged.data(), damaged.size());
  }
}
