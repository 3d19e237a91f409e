//! Documents in, the exchanges that they print out.

use super::*;

fn read(text: &str) -> Vec<Command> {
    commands(&Source::new("notes.md", text))
}

fn plain(text: &str) -> Vec<Command> {
    commands(&Source::new("notes.txt", text))
}

fn texts(commands: &[Command]) -> Vec<&str> {
    commands.iter().map(|command| command.text.as_str()).collect()
}

#[test]
fn a_command_has_what_is_printed_up_to_the_next_prompt() {
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
fn every_usual_prompt_is_one() {
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
fn what_curl_prints_of_its_headers_is_no_prompt() {
    let found =
        plain("$ curl http://h/ -v\n> GET / HTTP/1.1\n> \n< HTTP/1.1 200 OK\n# no comment of ours\n$ \n");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].output, "> GET / HTTP/1.1\n> \n< HTTP/1.1 200 OK\n# no comment of ours\n");
}

#[test]
fn a_comment_is_taken_off_and_a_hash_in_a_word_is_none() {
    let found = plain("$ curl 'http://h/#x' # why not\nok\n$ curl http://h/#y\n");
    assert_eq!(texts(&found), ["curl 'http://h/#x'", "curl http://h/#y"]);
    assert_eq!(found[0].comment.as_deref(), Some("why not"));
    assert_eq!(found[1].comment, None);
    assert_eq!(found[0].place.span().end, "$ curl 'http://h/#x'".len());
}

#[test]
fn a_command_goes_on_behind_a_backslash_and_within_quotes() {
    let found = plain("$ curl http://h/ \\\n>   -d 'a: [\n  1]' \\\n  -v\nok\n");
    assert_eq!(texts(&found), ["curl http://h/ \\\n  -d 'a: [\n  1]' \\\n  -v"]);
    assert_eq!(found[0].output, "ok\n");
}

#[test]
fn a_block_without_prompts_counts_by_its_curl() {
    let found = read(
        "Get it:\n\n```sh\n# the list\ncurl http://h/a\ncurl http://h/b\n```\n\nwhich answers\n\n```json\n[]\n```\n\n```\n[1]\n```\n",
    );
    assert_eq!(texts(&found), ["curl http://h/a", "curl http://h/b"]);
    assert_eq!(found[0].output, "");
    assert_eq!(found[1].output, "[]\n");
    assert_eq!(found[1].output_place.to_string(), "notes.md:12:1");
}

#[test]
fn the_output_in_a_block_of_its_own_stands_under_the_same_heading() {
    let found = read("```\ncurl http://h/a\n```\n\n## Other\n\n```\n[]\n```\n");
    assert_eq!(found[0].output, "");
}

#[test]
fn other_commands_are_told_and_are_not_curl() {
    let found = plain("$ PORT=1 ./serve # first\n * Running\n$ curl http://h/\n");
    assert_eq!(texts(&found), ["PORT=1 ./serve", "curl http://h/"]);
    assert_eq!(found.iter().map(Command::is_curl).collect::<Vec<_>>(), [false, true]);
    assert_eq!(found[0].output, " * Running\n");
}

#[test]
fn code_may_be_indented_and_fences_may_be_tildes_in_a_list() {
    let found = read(
        "Text\n\n    $ curl http://h/a\n    ok\n\n- item\n  ~~~ sh\n  $ curl http://h/b\n  {\n    1\n  ~~~\n",
    );
    assert_eq!(texts(&found), ["curl http://h/a", "curl http://h/b"]);
    assert_eq!(found[1].output, "{\n  1\n");
    assert_eq!(found[1].place.to_string(), "notes.md:8:5");
}

#[test]
fn headings_are_told_without_their_markup_and_in_both_forms() {
    let found = read("## 7. New <a name='x'></a> ##\n```\n$ curl a\n```\nTitle\n-----\n```\n$ curl b\n```\n");
    let headings: Vec<_> = found.iter().map(|command| command.heading.clone().unwrap()).collect();
    assert_eq!((headings[0].level, headings[0].title.as_str(), headings[0].line), (2, "7. New", 1));
    assert_eq!((headings[1].level, headings[1].title.as_str(), headings[1].line), (2, "Title", 5));
}

#[test]
fn line_ends_of_windows_change_nothing() {
    let found = read("# A\r\n```\r\n$ curl http://h/\r\nok\r\n```\r\n");
    assert_eq!(texts(&found), ["curl http://h/"]);
    assert_eq!(found[0].output, "ok\n");
}
