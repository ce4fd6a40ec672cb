"""What is wrong with the recipient: gone, moved, asleep, refusing."""

from __future__ import annotations

from channels.email.reasons import Ground
from channels.email.wording.rows import WHO, Row, any_of

RECIPIENTS: tuple[Row, ...] = (
    (
        Ground.SUSPEND,
        any_of(
            rf"{WHO}[^.\n]{{0,60}}\b(?:is |was |has been |are |been )?(?:currently |temporarily |temporary |"
            r"now )?(?:disabled|suspended|inactive|not active|deactivated|locked|frozen|inactivated|de-activated|"
            r"dormant|archived|terminated)",
            r"(?:disabled|suspended|inactive|deactivated|locked|dormant|frozen) (?:\S+ )?(?:user|account|mailbox|"
            r"recipient|address)",
            r"no longer accepts (?:mail|messages|e-?mail)|account[^\n]{0,20}disabled",
            r"domain (?:is )?(?:disabled|suspended|inactive|expired)|suspend(?:s|ed|ing)? (?:the )?service",
            r"boite du destinataire archiv|(?:user|recipient)[^\n]{0,30}not currently accepting",
        ),
    ),
    (
        Ground.HASMOVED,
        any_of(
            r"has (?:been replaced by|moved\b)|user not local; (?:please )?try",
            r"(?:address|user|recipient|mailbox|account)[^\n]{0,40}(?:has |have |was )?(?:changed (?:to|address)|"
            r"moved to|new address|relocated)",
            r"please (?:use|try) <?@|no longer on (?:this )?server|moved without forward",
        ),
    ),
    (
        Ground.NOTACCEPT,
        any_of(
            r"(?:host|server|domain|system|site)[^.\n]{0,40} (?:does not|doesn't|never|will not|"
            r"is not) (?:accept(?:ing)?|receiv\w+) (?:any )?(?:e-?)?mail",
            r"null ?mx|nullmx|no mail accepted|smtp protocol returned a permanent error|does not receive mail",
            r"(?:name|host) server:? \.: host not found|mx \. |receives? no mail|indicated no smtp service",
            r"mail receiving disabled|not accepting any mail|accepts no mail",
        ),
    ),
    (
        Ground.FILTERED,
        any_of(
            r"(?:refused|rejected|blocked|filtered) (?:due to|by|because of)? ?(?:the )?(?:recipient|user|"
            r"addressee)(?:'s)? ?(?:preference|setting|filter|rule|choice|configuration|whitelist|blacklist)?",
            r"recipient preferences|user reject|because the recipient is (?:only accepting|not accepting)",
            r"only accept(?:s|ing)? (?:mail|messages) from (?:people|senders|specific|known|contacts)",
            r"closed mailbox|does not accept (?:mail|messages) from you|has (?:you )?blocked (?:you|your)",
            r"rejected this message",
        ),
    ),
    (
        Ground.USERUNKNOWN,
        any_of(
            r"recipient (?:address )?rejected: (?:access denied|"
            r"(?:user|undeliverable|unknown|invalid|recipient|unverified)\b)",
            rf"{WHO}[^\n]{{0,80}}\b(?:is |was |are )?(?:unknown|not? (?:be )?(?:known|found|exist|valid|listed|"
            r"here|such|recogni[sz]ed|in (?:the|our|this)|a (?:valid|known|local|registered|legal)|an? active|on "
            r"file|yet|match|local|hosted|defined|registered|configured)|does(?:n'?t| not) (?:exist|have|match|"
            r"appear|belong)|do(?:n'?t| not) exist|invalid|nonexist|non-exist|no longer|could ?n[o']t be found|"
            r"cannot be found|can't be found|isn't|not present|deleted|removed|undeliverable|has left|been "
            r"(?:closed|cancel))",
            r"unknown (?:or (?:illegal|invalid) )?(?:user|recipient|local|address|account|mailbox|name|uid|mail|"
            r"addressee|alias|virtual|destination|to |rcpt|client|recip)",
            r"unknown-?user|user-?unknown|userunknown",
            r"(?:no|not a?n?|non-?existent|nonexisting) ?(?:such|valid|known|active|existing|"
            r"known)? ?(?:\w+ )?(?:user|recipient|mailbox|person|alias|account) ?(?:here|by|with|named|at|in|on|"
            r"for|exist|known|found|available|$|[.,;:<(\[])",
            r"no such (?:\w+ ){0,2}(?:user|recipient|address|mailbox|account|person|name|local|alias|e-?mail|id\b)",
            r"(?:no|not) (?:\w+ )?mailbox (?:here|by that)",
            r"(?:invalid|incorrect|illegal|bad|wrong|non-?existent|nonexistent|malformed|"
            r"non-?existing) (?:or \w+ )?(?:(?:final|target|delivery|destination|local|virtual|"
            r"e-?mail) ){0,2}(?:recipient|user|address|mailbox|destination|rcpt|account|e-?mail|forward)",
            r"(?:undeliverable|unverified|unroutable|unrouteable|nonexistent) (?:e-?mail )?address",
            r"(?:is|are) not a (?:valid|known|registered)|isn't a valid|user does|not our customer|no account\b",
            r"nosuchuser|recipnotfound|recipientnotfound|resolver\.adr\.|badrecipient|notinaddressbook",
            r"not listed in|directory entry|name & address",
            r"(?:mailbox|address|account|recipient) (?:is )?(?:unavailable|not available|"
            r"has been (?:deleted|removed|closed))",
            r"requested action not taken: mailbox|vrfy failed|who\?|no one here|nobody (?:here|by)|i don.t know",
            r"have no idea who|address (?:is )?(?:not|no longer)|dosn'?t have|doesn'?t have an? (?:\S+ )?account",
            r"can(?:not|'t|t) (?:find|resolve|locate|deliver to|recogni[sz]e) (?:\S+ ){0,4}(?:user|recipient|"
            r"mailbox|address|account|name)",
            r"unable to (?:find|validate|resolve) (?:\S+ ){0,3}(?:recipient|user|mailbox)|no valid recipients",
            r"no matches to nameserver query|mailbox (?:does|could)|recipient (?:not|unknown)\b|not a valid",
            r"(?:empfänger|adresse|benutzer|postfach|mailbox)[^.\n]{0,60}(?:unbekannt|"
            r"nicht (?:gefunden|vorhanden|existi|gültig)|existiert nicht|ungültig|gibt es nicht)",
            r"unbekannte[rn]? (?:empfänger|benutzer|adresse)",
            r"(?:utilisateur|destinataire|adresse|bo.te|compte)[^.\n]{0,60}(?:inconnu|n'existe|inexistant|"
            r"introuvable|invalide|incorrect)",
            r"(?:usuario|destinatario|direcci.n|cuenta|buz.n)[^.\n]{0,60}(?:no existe|desconocid|no v.lid|inv.lid|"
            r"no encontrad)",
            r"(?:utente|destinatario|indirizzo|casella)[^.\n]{0,60}(?:sconosciut|inesistent|"
            r"non (?:esiste|valid|trovat))",
            r"(?:usu.rio|destinat.rio|endere.o)[^.\n]{0,60}(?:desconhecid|n.o existe|inv.lid|n.o encontrad)",
            r"(?:gebruiker|adres|ontvanger)[^.\n]{0,60}(?:onbekend|bestaat niet|ongeldig)",
            r"(?:użytkownik|adresat|odbiorc|konto|skrzynk|adres)[^.\n]{0,60}(?:nie istnieje|nieznan|nieprawidłow|"
            r"nie (?:został|znalezion))",
            r"(?:пользовател|адресат|получател|ящик|адрес)[^.\n]{0,60}(?:не (?:найден|существует|зарегистр)|"
            r"неизвест|недействит)",
            r"несуществующ|нет такого|такого (?:пользовател|адрес|ящик)",
            r"(?:потребител|получател|адрес)[^.\n]{0,60}(?:не (?:съществува|е намерен)|непознат|невалид)",
            r"(?:ユーザ|宛先|あて先|アドレス|メールボックス|受信者|ディレクトリ)[^。\n]{0,60}(?:見つかり|存在し|不明|ありません|間違)",
            r"(?:用户|收件人|地址|帐户|账户|邮箱|信箱|使用者)[^。\n]{0,30}(?:不存在|不正确|无效|找不到|錯誤|错误)",
        ),
    ),
)
