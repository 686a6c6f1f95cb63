import Foundation
import MMU
import Machine
import Testing

/// kvm-unit-tests' images, when `SHOOTDOWN_IMAGES` names a folder that has them.
@Suite struct RealMultibootTests {
  static let folder = ProcessInfo.processInfo.environment["SHOOTDOWN_IMAGES"].flatMap { $0.isEmpty ? nil : $0 }

  @Test(
    .enabled(if: folder != nil, "SHOOTDOWN_IMAGES is not set: no kvm-unit-tests images"),
    arguments: ["kut", "kut32"])
  func everyImageLoads(set: String) throws {
    let folder = URL(fileURLWithPath: try #require(Self.folder)).appendingPathComponent(set)
    let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    let images = files.filter { $0.pathExtension == "flat" }
    #expect(!images.isEmpty)
    let memory = try PhysicalMemory(size: 128 << 20)
    for file in images {
      let image = try MultibootImage.parse(Array(try Data(contentsOf: file)))
      let entry = try image.place(into: memory, commandLine: file.lastPathComponent)
      #expect(entry.instruction == image.entry)
      #expect(entry.information < 0xA_0000)
    }
    for file in files where file.pathExtension == "elf" {
      #expect(try ELF(Array(try Data(contentsOf: file))).address(ofSymbol: "start") != nil, "\(file.lastPathComponent)")
    }
  }
}
