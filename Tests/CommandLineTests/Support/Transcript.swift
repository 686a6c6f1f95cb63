import Foundation
import Testing

/// A session with the monitor as a person saw it: the command line, and then prompts with what was typed, and what came.
///
/// Commands are taken from it, and what comes of them is compared with it; `SHOOTDOWN_UPDATE_GOLDEN=1` writes it anew.
/// `$FOLDER` is a folder of the session's own, `$SHOOTDOWN_IMAGES` the one that the environment names.
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

  /// Files of `$SHOOTDOWN_IMAGES` that the session needs.
  var images: [String] {
    text.prefix { $0 != "\n" }.split(separator: " ").filter { $0.hasPrefix("$SHOOTDOWN_IMAGES/") }
      .map { String($0.dropFirst("$SHOOTDOWN_IMAGES/".count)) }
  }

  /// Runs the session again.
  ///
  /// - Parameter seconds: how long it may take.
  func check(seconds: Double = 30, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let lines = blocks.map { text[$0].split(separator: "\n", omittingEmptySubsequences: false).dropLast() }
    let first = try #require(lines.first?.first, "\(file.path) has no session")
    let arguments = first.split(separator: " ").map(String.init)
    try #require(arguments.prefix(2) == ["$", "shootdown"])
    let commands = lines.joined().compactMap { Transcript.command($0) }
    let folder = try Folder()
    let places = [
      ("$FOLDER", folder.path), ("$SHOOTDOWN_IMAGES", ProcessInfo.processInfo.environment["SHOOTDOWN_IMAGES"] ?? ""),
    ]
    func there(_ text: String) -> String { places.reduce(text) { $0.replacing($1.0, with: $1.1) } }
    let input = try folder.write(Array(there(commands.joined(separator: "\n") + "\n").utf8), as: "input")
    let ended = try Child(arguments.dropFirst(2).map(there), input: input).wait(seconds: seconds)
    #expect(ended.errors.isEmpty, "\(ended)", sourceLocation: sourceLocation)
    // What came, cut where the blocks are.
    let output = places.filter { !$0.1.isEmpty }.reduce(ended.output) { $0.replacing($1.1, with: $1.0) }
    var came = output.split(separator: "\n", omittingEmptySubsequences: false)[...]
    var parts: [[Substring]] = []
    for (number, block) in lines.enumerated() {
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
    for (block, part) in zip(lines, parts) {
      for (index, line) in block.enumerated() {
        let now = index < part.count ? part[index] : "(nothing)"
        #expect(now == line, "\(file.lastPathComponent)", sourceLocation: sourceLocation)
        if now != line { return }
      }
      #expect(part.count == block.count, "\(file.lastPathComponent)", sourceLocation: sourceLocation)
    }
  }
}
