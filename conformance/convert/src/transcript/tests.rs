//! Tests for reading sessions from documents.

use super::*;

fn read(text: &str) -> Vec<Command> {
    super::read(&Source::new("notes.md", text)).commands
}

fn plain(text: &str) -> Vec<Command> {
    super::read(&Source::new("notes.txt", text)).commands
}

fn texts(commands: &[Command]) -> Vec<&str> {
    commands.iter().map(|command| command.text.as_str()).collect()
}

#[test]
fn output_ends_at_the_next_prompt() {
    let found = read(
        "# One\n\n```\nbob@dylan:~$ curl \"http://h/a\"\n{\n  \"a\": 1\n}\nbob@dylan:~$\nbob@dylan:~$  curl http://h/b\n\nno\n\n```\n",
    );
    assert_eq!(texts(&found), ["curl \"http://h/a\"", "curl http://h/b"]);
    assert_eq!(found[0].output, "{\n  \"a\": 1\n}\n");
    assert_eq!(found[1].output, "no\n");
    assert_eq!(found[0].heading.as_ref().unwrap().title, "One");
    assert_eq!(found[0].place.to_string(), "notes.md:4:14");
    assert_eq!(found[1].output_place.to_string(), "notes.md:11:1");
}

#[test]
fn recognizes_common_prompts() {
    for prompt in [
        "$ ",
        "% ",
        "❯ ",
        "~/x $ ",
        "/srv# ",
        "bash-5.1$ ",
        "(venv) bob@h:~/x$ ",
        "[bob@h x]# ",
        "bob@h x % ",
        "PS C:\\x> ",
        "C:\\>",
        "➜  x ",
        "root@h:/# ",
    ] {
        let found = plain(&format!("{prompt} curl http://h/\nyes\n{prompt}\n"));
        assert_eq!(texts(&found), ["curl http://h/"], "{prompt}");
        assert_eq!(found[0].output, "yes\n", "{prompt}");
    }
}

#[test]
fn verbose_output_of_curl_is_not_a_prompt() {
    let found =
        plain("$ curl http://h/ -v\n> GET / HTTP/1.1\n> \n< HTTP/1.1 200 OK\n# no comment of ours\n$ \n");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].output, "> GET / HTTP/1.1\n> \n< HTTP/1.1 200 OK\n# no comment of ours\n");
}

#[test]
fn strips_comments_but_not_fragments() {
    let found = plain("$ curl 'http://h/#x' # why not\nok\n$ curl http://h/#y\n");
    assert_eq!(texts(&found), ["curl 'http://h/#x'", "curl http://h/#y"]);
    assert_eq!(found[0].comment.as_deref(), Some("why not"));
    assert_eq!(found[1].comment, None);
    assert_eq!(found[0].place.span().end, "$ curl 'http://h/#x'".len());
}

#[test]
fn joins_continued_lines_and_quoted_newlines() {
    let found = plain("$ curl http://h/ \\\n>   -d 'a: [\n  1]' \\\n  -v\nok\n");
    assert_eq!(texts(&found), ["curl http://h/ \\\n  -d 'a: [\n  1]' \\\n  -v"]);
    assert_eq!(found[0].output, "ok\n");
}

#[test]
fn removes_prompts_inside_of_quotes() {
    let found = plain("$ curl http://h/ -d '{\n>   \"a\": 1\n> }'\nok\n");
    assert_eq!(texts(&found), ["curl http://h/ -d '{\n  \"a\": 1\n}'"]);
    assert_eq!(found[0].output, "ok\n");
}

#[test]
fn reads_blocks_without_prompts_that_begin_with_curl() {
    let found = read(
        "Get it:\n\n```sh\n# the list\ncurl http://h/a\ncurl http://h/b\n```\n\nwhich answers\n\n```json\n[]\n```\n\n```\n[1]\n```\n",
    );
    assert_eq!(texts(&found), ["curl http://h/a", "curl http://h/b"]);
    assert_eq!(found[0].output, "");
    assert_eq!(found[1].output, "[]\n");
    assert_eq!(found[1].output_place.to_string(), "notes.md:12:1");
}

#[test]
fn output_block_must_be_under_the_same_heading() {
    let found = read("```\ncurl http://h/a\n```\n\n## Other\n\n```\n[]\n```\n");
    assert_eq!(found[0].output, "");
}

#[test]
fn returns_other_commands_too() {
    let found = plain("$ PORT=1 ./serve # first\n * Running\n$ curl http://h/\n");
    assert_eq!(texts(&found), ["PORT=1 ./serve", "curl http://h/"]);
    assert_eq!(found.iter().map(Command::sends).collect::<Vec<_>>(), [false, true]);
    assert_eq!(found[0].output, " * Running\n");
}

#[test]
fn reads_indented_blocks_and_tilde_fences() {
    let found = read(
        "Text\n\n    $ curl http://h/a\n    ok\n\n- item\n  ~~~ sh\n  $ curl http://h/b\n  {\n    1\n  ~~~\n",
    );
    assert_eq!(texts(&found), ["curl http://h/a", "curl http://h/b"]);
    assert_eq!(found[1].output, "{\n  1\n");
    assert_eq!(found[1].place.to_string(), "notes.md:8:5");
}

#[test]
fn reads_atx_and_setext_headings_without_html() {
    let found = read("## 7. New <a name='x'></a> ##\n```\n$ curl a\n```\nTitle\n-----\n```\n$ curl b\n```\n");
    let headings: Vec<_> = found.iter().map(|command| command.heading.clone().unwrap()).collect();
    assert_eq!((headings[0].level, headings[0].title.as_str(), headings[0].line), (2, "7. New", 1));
    assert_eq!((headings[1].level, headings[1].title.as_str(), headings[1].line), (2, "Title", 5));
}

#[test]
fn accepts_crlf() {
    let found = read("# A\r\n```\r\n$ curl http://h/\r\nok\r\n```\r\n");
    assert_eq!(texts(&found), ["curl http://h/"]);
    assert_eq!(found[0].output, "ok\n");
}
