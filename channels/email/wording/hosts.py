"""What is wrong on the way or with a host, and last what may mean several things."""

from __future__ import annotations

from channels.email.reasons import Ground
from channels.email.wording.rows import Row, any_of

HOSTS: tuple[Row, ...] = (
    (
        Ground.NETWORKERROR,
        any_of(
            r"(?:name (?:service|server) (?:error|failure|timed?)|host(?:name)? (?:or domain )?(?:name )?lookup|"
            r"dns)[^\n]{0,80}(?:try again|temporar|tim(?:ed|e) ?out|soft|not respond|fail(?:ed|ure): |timeout|loop)",
            r"malformed name server|too many (?:hops|received|mx)|loops? back|mail (?:forwarding )?loop|\blooping\b",
            r"routing loop|hop count|maximum hop|(?:loop|looping) (?:detected|found)|mail for \S{1,253} loops",
            r"network (?:is )?(?:unreachable|error)|no route to host|delivered-to: loop",
        ),
    ),
    (
        Ground.HOSTUNKNOWN,
        any_of(
            r"(?:host|domain|hostname|server|mx|destination)\b[^.\n]{0,70}(?:unknown|not (?:be )?found|not? exist|"
            r"no such|unrouteable|unroutable|invalid|nonexist|non-exist|could ?n[o']t be resolved|cannot be "
            r"resolved|can't be resolved)",
            r"(?:unknown|no such|bad|invalid|illegal|nonexistent|unresolvable|unroutable|unrouteable|"
            r"undefined) (?:\w+ )?(?:host|domain|mail ?exchang|mail server|mx)",
            r"nxdomain|no (?:valid |working )?mx\b|no mail (?:server|exchang)|domain does|name or service not known",
            r"host(?:name)? not found|no (?:a|mx|dns) records?|unrouteable|unroutable",
            r"domain name (?:is )?(?:invalid|wrong)|cannot find (?:any )?(?:mx|host|domain)|domain is not reachable",
            r"mail domain|all relevant mx|infodomainnonexistent",
            r"(?:host|domain|hostname) [a-z0-9.-]{1,253} (?:does not exist|doesn't exist|(?:was )?not found|"
            r"could not be (?:found|resolved))",
        ),
    ),
    (
        Ground.SYSTEMFULL,
        any_of(
            r"no space left|disk full|system (?:is )?full|insufficient system (?:storage|resources)",
            r"file ?system (?:is )?full|requested mail action aborted: exceeded storage|mail system full",
        ),
    ),
    (
        Ground.EXPIRED,
        any_of(
            r"expired|timed? ?-?out|retry time|retr(?:y|ies) (?:timeout|limit|exceed)",
            r"connection (?:was )?(?:refused|lost|dropped|reset|closed|failed|broken)",
            r"could ?n[o']t (?:\w+ )?connect|(?:un|not )reachable|not responding|did(?: not|n't) (?:respond|answer)",
            r"no answer|(?:could|can)(?: not|n't|not) (?:be )?(?:reach|contact|connect|establish)|socket error",
            r"failed \d{1,3} attempts|not (?:yet )?been delivered|delayed|too long in (?:the )?queue",
            r"in (?:the )?queue (?:too|for)",
            r"(?:for|after|within|in) (?:the (?:last|past) )?\d{1,4} ?(?:\+ )?(?:days?|hours?|minutes|attempts|"
            r"tries|times)",
            r"giv(?:en|ing) up|retried|unable to (?:connect|deliver .{0,30}(?:hours|days|time))|deferred",
            r"undeliverable (?:for|after)|delivery (?:attempts|time)|could not be delivered for|zeitüberschreitung",
            r"all hosts|no hosts|temporar|try again",
        ),
    ),
    (
        Ground.MAILERERROR,
        any_of(
            r"(?:local delivery|mailer|pipe|procmail|maildrop|command|program|lda|vdelivermail|x-unix|"
            r"dovecot)[^\n]{0,60}(?:fail|error|exit|status|died|code|returned)",
            r"exit (?:status|code|value)|child process|x-unix;|bad (?:file|interpreter)",
            r"return(?:ed|ing) (?:an )?error code|can't create|cannot open",
        ),
    ),
    (
        Ground.SYNTAXERROR,
        any_of(
            r"syntax error|command (?:not|un)(?: )?(?:recogni[sz]ed|implemented|known)|unrecogni[sz]ed command",
            r"unknown command|bad sequence|out of sequence|parameter(?:s)? not",
        ),
    ),
    (
        Ground.CONTENTERROR,
        any_of(
            r"content (?:re(?:ject|fus)|filter|not|error|conver)",
            r"(?:message|mail|body|header|attachment|extension|file)s? (?:\S+ ){0,5}(?:not (?:allowed|accept|"
            r"permit)|prohibited|forbidden|contain|malformed|banned|is not accept)",
            r"charset not|mime|8-?bit|bare (?:lf|cr)|line (?:too long|length)|improper use|unicode|utf-?8",
        ),
    ),
    (
        Ground.POLICYVIOLATION,
        any_of(
            r"polic(?:y|ies)|prohibited|not (?:allowed|permitted|authori[sz]ed|accepted)|administrative",
            r"unauthori[sz]ed|permission|restrict|suspicious|phish|rules?\b|violat|forbidden|disallow|refused",
            r"denied|rejected|not willing|unacceptable",
        ),
    ),
    (
        Ground.SYSTEMERROR,
        any_of(
            r"(?:system|server|internal|local|configuration|software|database|ldap|temporary|processing|i/o|fatal|"
            r"mail) ?(?:config\w* )?(?:error|failure|problem|trouble)",
            r"misconfig|unable to (?:\w+ ){0,4}(?:lookup|verify|process)|out of memory",
            r"could not (?:complete|process)|service (?:is )?(?:currently |temporarily )?(?:un|not )available",
            r"resources? |greylist|aliasing|alias",
        ),
    ),
)
