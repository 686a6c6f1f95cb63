import CPU
import Foundation
import Fuzz
import Testing

/// Length and validity of instructions, beside Capstone 5 (`DecodeComparison`).
@Suite struct DecodeComparisonTests {
  /// The library that scripts/capstone5 fetches; nil where it could not.
  static let library: String? = {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..")
    let path = root.standardizedFileURL.appendingPathComponent(CapstoneFive.usualPath).path
    guard FileManager.default.fileExists(atPath: path) else {
      print("decoding: not compared with Capstone 5, which is not there: scripts/capstone5 says why")
      return nil
    }
    return path
  }()

  @Test("random strings", .enabled(if: library != nil), arguments: CodeKind.allCases)
  func randomStrings(kind: CodeKind) throws {
    var comparison = try DecodeComparison(library: try #require(DecodeComparisonTests.library))
    comparison.compareRandom(50_000, seed: 0x5EED, as: kind)
    #expect(comparison.report.unexplainedCount == 0, "\(comparison.lines.joined(separator: "\n"))")
    #expect(comparison.report.agreed > 25_000 && comparison.report.neither > 1_000)
  }

  /// What a compiler makes is the same to both, to the last instruction.
  @Test(.enabled(if: library != nil)) func thisProgram() throws {
    let file = try #require(FileManager.default.contents(atPath: "/proc/self/exe"))
    let code = try #require(ExecutableSections(of: [UInt8](file)))
    var comparison = try DecodeComparison(library: try #require(DecodeComparisonTests.library))
    for section in code.sections {
      section.prefix(1 << 20).withUnsafeBytes { comparison.compareCode($0, as: code.kind) }
    }
    #expect(comparison.report.unexplainedCount == 0, "\(comparison.lines.joined(separator: "\n"))")
    #expect(comparison.report.agreed > 1_000)
  }

  /// A hostile ELF file has no sections, or those that lie inside of it.
  @Test func executableSectionsAreBounded() {
    var file = [UInt8](repeating: 0xFF, count: 256)
    file.replaceSubrange(0..<4, with: [0x7F, 0x45, 0x4C, 0x46])
    file[4] = 2
    (file[18], file[19]) = (62, 0)
    #expect(ExecutableSections(of: file)?.sections.isEmpty != false)
    for cut in 0..<file.count { _ = ExecutableSections(of: Array(file[..<cut])) }
    #expect(ExecutableSections(of: []) == nil)
  }

  @Test func aMissingLibraryIsNamed() {
    #expect(throws: CapstoneFive.Missing.self) { try CapstoneFive(path: "/nowhere", .long) }
  }
}
