"""What a contract certificate means for its token."""

import pytest

from csms.domain.certificate_facts import CertificateStatus, Contract, ContractFindings
from csms.domain.token import Authorization, TokenStatus
from csms.engine.contracts import judged

ACCEPTED = Authorization(TokenStatus.ACCEPTED, group="G")


@pytest.mark.parametrize("contract", [None, Contract("PEM")])
def test_without_findings_the_token_alone_counts(contract):
    assert judged(contract, ACCEPTED) == (ACCEPTED, None)


@pytest.mark.parametrize(
    ("found", "token", "status", "told"),
    [
        ("ACCEPTED", TokenStatus.ACCEPTED, TokenStatus.ACCEPTED, "Accepted"),
        ("ACCEPTED", TokenStatus.CONCURRENT_TX, TokenStatus.CONCURRENT_TX, "Accepted"),
        ("ACCEPTED", TokenStatus.BLOCKED, TokenStatus.BLOCKED, "ContractCancelled"),
        ("ACCEPTED", TokenStatus.EXPIRED, TokenStatus.EXPIRED, "ContractCancelled"),
        ("ACCEPTED", TokenStatus.INVALID, TokenStatus.INVALID, "ContractCancelled"),
        ("REVOKED", TokenStatus.ACCEPTED, TokenStatus.INVALID, "CertificateRevoked"),
        ("EXPIRED", TokenStatus.ACCEPTED, TokenStatus.EXPIRED, "CertificateExpired"),
        ("CHAIN_ERROR", TokenStatus.BLOCKED, TokenStatus.INVALID, "CertChainError"),
    ],
)
def test_c07_fr_13_to_17_certificate_and_token_are_judged_together(found, token, status, told):
    contract = Contract("PEM", found=ContractFindings(CertificateStatus[found]))
    authorization, said = judged(contract, Authorization(token))
    assert (authorization.status, said) == (status, told)


def test_what_is_known_of_an_accepted_token_is_told_with_it():
    contract = Contract("PEM", found=ContractFindings(CertificateStatus.ACCEPTED))
    assert judged(contract, ACCEPTED)[0] is ACCEPTED
