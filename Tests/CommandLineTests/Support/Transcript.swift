import Foundation
import Testing

/// A session with the monitor as a person saw it: the command line, and then prompts with what was typed, and what came.
///
/// Commands are taken from it, and what comes of them is compared with it; `SHOOTDOWN_UPDATE_GOLDEN=1` writes it anew.
/// `$FOLDER` is a folder of the session's own.
struct Transcript {
  private let file: URL
  private let text: String
  /// Of a Markdown file, its blocks of kind `console`; otherwise all of it.
  private let blocks: [Range<String.Index>]

  /// - Parameter path: from the project's folder.
  init(_ path: String) throws {
    file =
      URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../../\(path)")
      .standardizedFileURL
    text = try String(contentsOf: file, encoding: .utf8)
    var blocks: [Range<String.Index>] = []
    var rest = text.startIndex
    while let begin = text.range(of: "```console\n", range: rest..<text.endIndex),
      let end = text.range(of: "```", range: begin.upperBound..<text.endIndex)
    {
      blocks.append(begin.upperBound..<end.lowerBound)
      rest = end.upperBound
    }
    self.blocks = path.hasSuffix(".md") ? blocks : [text.startIndex..<text.endIndex]
  }

  /// What was typed behind a prompt; nil: this is no prompt.
  private static func command(_ line: Substring) -> Substring? {
    guard let match = line.prefixMatch(of: #/cpu[0-9]+> /#) else { return nil }
    return line[match.range.upperBound...]
  }

  /// Runs the session again.
  func check(sourceLocation: SourceLocation = #_sourceLocation) throws {
    let blockLines = blocks.map { text[$0].split(separator: "\n", omittingEmptySubsequences: false).dropLast() }
    let first = try #require(blockLines.first?.first, "\(file.path) has no session")
    let arguments = first.split(separator: " ").map(String.init)
    try #require(arguments.prefix(2) == ["$", "shootdown"])
    let commands = blockLines.joined().compactMap { Transcript.command($0) }
    let folder = try Folder()
    let lines = commands.joined(separator: "\n").replacing("$FOLDER", with: folder.path) + "\n"
    let input = try folder.write(Array(lines.utf8), as: "input")
    let ended = try Child(Array(arguments.dropFirst(2)), input: input).wait()
    #expect(ended.errors.isEmpty, "\(ended)", sourceLocation: sourceLocation)
    // What came, cut where the blocks are.
    let output = ended.output.replacing(folder.path, with: "$FOLDER")
    var came = output.split(separator: "\n", omittingEmptySubsequences: false)[...]
    var parts: [[Substring]] = []
    for (number, block) in blockLines.enumerated() {
      var left = block.count { Transcript.command($0) != nil }
      var part: [Substring] = number == 0 ? [first] : []
      while let line = came.first {
        if Transcript.command(line) != nil {
          if left == 0 { break }
          left -= 1
        }
        part.append(line)
        came.removeFirst()
      }
      while part.last?.isEmpty == true { part.removeLast() }
      parts.append(part)
    }
    if ProcessInfo.processInfo.environment["SHOOTDOWN_UPDATE_GOLDEN"] != nil {
      var updated = text
      for (range, part) in zip(blocks, parts).reversed() {
        updated.replaceSubrange(range, with: part.joined(separator: "\n") + "\n")
      }
      try updated.write(to: file, atomically: true, encoding: .utf8)
      return
    }
    for (block, part) in zip(blockLines, parts) {
      for (index, line) in block.enumerated() {
        let now = index < part.count ? part[index] : "(nothing)"
        #expect(now == line, "\(file.lastPathComponent)", sourceLocation: sourceLocation)
        if now != line { return }
      }
      #expect(part.count == block.count, "\(file.lastPathComponent)", sourceLocation: sourceLocation)
    }
  }
}
